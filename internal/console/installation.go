package console

import (
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
)

// forOperator lets the owner of the installation in. For others the page does
// not exist.
func (c *console) forOperator(h handler) http.HandlerFunc {
	return c.signed(func(v *visit) error {
		if !ownsInstallation(v.actor) {
			return errNoPage()
		}
		v.w.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

func ownsInstallation(actor actor.Actor) bool {
	return actor.InstallationOwner && actor.OnlyCommunity == ""
}

// showInstallation shows what the kept files of each community take.
func (c *console) showInstallation(v *visit) error {
	stored, err := c.Bulk.Storages(v.Context())
	if err != nil {
		return err
	}
	all, err := c.Communities.List(v.Context())
	if err != nil {
		return err
	}
	names := make(map[string]string, len(all))
	for _, one := range all {
		names[one.ID] = one.Name
	}
	p, err := c.page(v, "Installation", "", "What uploaded files take on this server.")
	if err != nil {
		return err
	}
	view := InstallationView{Page: p}
	if free, err := c.Files.Free(); err == nil {
		view.Free = int64(min(free, 1<<62)) //nolint:gosec // it fits now
	}
	for _, s := range stored {
		view.Used += s.UsedBytes
		view.Stores = append(view.Stores, StoreRow{ID: s.CommunityID, Name: names[s.CommunityID], Storage: storageView(s)})
	}
	return render(v, http.StatusOK, InstallationPage(view))
}

func storageView(s bulk.Storage) StorageView {
	return StorageView{Files: s.Files, Used: s.UsedBytes, Quota: s.QuotaBytes}
}
