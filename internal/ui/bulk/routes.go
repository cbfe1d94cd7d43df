// Package bulk has the pages of the import wizard and bulk jobs.
package bulk

import (
	"log/slog"
	"path"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access      *access.Access
	Fields      *field.Fields
	Bulk        *bulk.Bulk
	Files       blob.Store
	Log         *slog.Logger
	UploadBytes int64           // of one file; 0: 2 GiB
	Streams     *httpx.Streams  // nil: no limit
	Uploads     *httpx.Uploads  // in progress; nil: no limit
	Stopping    <-chan struct{} // closed at shutdown: ends streams; nil: never
}

const defaultUploadBytes = 2 << 30

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	if s.UploadBytes <= 0 {
		s.UploadBytes = defaultUploadBytes
	}
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: h.routes(),
		Nav: []ui.NavItem{
			{Key: "import", Label: i18n.Key("Import"), Icon: "upload", Path: "/import", Noun: ui.Members, Order: 30, Need: permission.BulkUpdateUser},
			{Key: "bulk-jobs", Label: i18n.Key("Bulk jobs"), Icon: "scroll-text", Path: "/bulk-jobs", Noun: ui.Members, Order: 40, Need: permission.BulkUpdateUser},
		},
		Actions: []ui.Action{
			{Icon: "upload", Label: i18n.Key("Import members"), Path: "/import", Need: permission.BulkUpdateUser},
			{Icon: "download", Label: i18n.Key("Download the import template"), Path: "/import/template.csv", Need: permission.BulkUpdateUser},
		},
		Search: ui.Search{Need: permission.BulkUpdateUser, Find: h.search},
		Audit:  auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.BulkUpdateUser), Label: i18n.Key("Import and update members"), Help: i18n.Key("Upload files, follow their jobs, undo them.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.BulkUpdateUser).Get("/import", h.showFileStep),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/template.csv", h.template),
		ui.InCommunity(permission.BulkUpdateUser).PostFile("/import/files", h.upload),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}", h.showColumnsStep),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/reading", h.reread),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/choices", h.saveChoices),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/try", h.tryChoices),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/scratch", h.startFromScratch),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/columns", h.check),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/discard", h.discard),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/jobs/{job}", h.showJobStep),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/jobs/{job}/apply", h.applyDraft),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/files", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/reading", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/choices", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/try", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/scratch", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/columns", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/discard", up(2)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/jobs/{job}/apply", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/cancel", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/apply", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/check", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/continue", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/undo", up(1)),
		ui.InCommunity(permission.BulkUpdateUser).Get(oldPath, h.redirectOld),
		ui.InCommunity(permission.BulkUpdateUser).Get(oldPath+"/*", h.redirectOld),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs", h.showLog),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}", h.showJob),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/progress", h.progress),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/failed.csv", h.failedRows),
		ui.InCommunity(permission.BulkUpdateUser).Get("/bulk-jobs/{job}/failed.xlsx", h.failedWorkbook),
		ui.InCommunity(permission.BulkUpdateUser).Post("/bulk-jobs/{job}/cancel", h.cancelJob),
		ui.InCommunity(permission.BulkUpdateUser).Post("/bulk-jobs/{job}/apply", h.applyJob),
		ui.InCommunity(permission.BulkUpdateUser).Post("/bulk-jobs/{job}/check", h.checkAgain),
		ui.InCommunity(permission.BulkUpdateUser).Post("/bulk-jobs/{job}/continue", h.continueJob),
		ui.InCommunity(permission.BulkUpdateUser).Post("/bulk-jobs/{job}/undo", h.undoJob),
	}
}

// up redirects the address of a form, which a browser opens again as a page, to the
// page that is some segments above.
func up(segments int) ui.Handler {
	return func(v *ui.Request) error {
		address := v.URL.Path
		for range segments {
			address = path.Dir(address)
		}
		return v.Redirect(address, "")
	}
}
