package installation

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/ui"
)

// showStorage shows the storage used by the database and by each community.
func (h *handlers) showStorage(v *ui.Request) error {
	stored, err := h.Bulk.Storages(v.Context(), v.Actor)
	if err != nil {
		return err
	}
	all, err := h.Communities.List(v.Context())
	if err != nil {
		return err
	}
	names := make(map[string]string, len(all))
	for _, one := range all {
		names[one.ID] = one.Name
	}
	p, err := h.Page(v, "Storage and backups", storagePath, "Storage used by the database and by uploaded files on this server.")
	if err != nil {
		return err
	}
	view := StorageView{Page: p, Postgres: h.DB.Dialect() == sqldb.Postgres, Engine: engineName(h.DB.Dialect()), Rows: h.settingRows(p.Reader, inGroups([]string{"Data"}))}
	if view.Database, err = h.Installation.DatabaseSize(v.Context(), v.Actor); err != nil {
		return err
	}
	if free, err := h.Files.Free(); err == nil {
		view.Free = int64(min(free, 1<<62)) //nolint:gosec // it fits now
	}
	for _, s := range stored {
		view.Used += s.UsedBytes
		view.Stores = append(view.Stores, StoreRow{ID: s.CommunityID, Name: names[s.CommunityID], Storage: storageView(s)})
	}
	file := "regulars-" + p.Reader.Now.Format("2006-01-02") + ".tar"
	view.Backup = "regulars backup --data " + quoted(h.Server.Data) + " " + file
	view.Restore = "regulars restore --data NEW_FOLDER " + file
	return ui.Render(v, http.StatusOK, StoragePage(view))
}

func storageView(s bulk.Storage) ui.StorageView {
	return ui.StorageView{Files: s.Files, Used: s.UsedBytes, Quota: s.QuotaBytes}
}

// quoted quotes a path for a shell, if needed.
func quoted(path string) string {
	if !strings.ContainsAny(path, " \t'\"\\$&;|<>()*?[]#~`!") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func engineName(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}
