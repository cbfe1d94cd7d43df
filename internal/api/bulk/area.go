// Package bulk has the operations of bulk jobs.
package bulk

import (
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sheet"
)

var bulkWork = []actor.Permission{permission.BulkUpdateUser}

// Deps are the collaborators of the area.
type Deps struct {
	Clock       clock.Clock
	Log         *slog.Logger
	Access      *access.Access
	Communities *community.Communities
	Bulk        *bulk.Bulk
	Files       blob.Store
	Counts      *ratelimit.Counter // of attempts on all nodes; nil: this node counts alone
	Streams     *httpx.Streams     // open ones of API and console; nil: no limit
	Uploads     *httpx.Uploads     // running ones of API and console; nil: no limit
	Stopping    <-chan struct{}    // closed at shutdown, to end streams; nil: never
	Limits      Limits
}

// Limits of uploads. A size of 0 is its default, a rate of 0 no limit.
type Limits struct {
	OpenUploadsHourly int   // uploads per hour of an address without a credential
	OpenUploadBytes   int64 // of an upload without a credential; default 16 MiB
	UploadBytes       int64 // of an upload; default 2 GiB
}

// handlers serve the operations.
type handlers struct {
	Deps
	openUploads *httpx.Limit
	crossOrigin http.CrossOriginProtection
}

// New returns the area.
func New(d Deps) api.Area {
	if d.Limits.OpenUploadBytes == 0 {
		d.Limits.OpenUploadBytes = 16 << 20
	}
	if d.Limits.UploadBytes == 0 {
		d.Limits.UploadBytes = 2 << 30
	}
	h := &handlers{Deps: d, openUploads: httpx.NewSharedLimit(d.Clock, d.Counts, "open imports", d.Limits.OpenUploadsHourly, time.Hour)}
	return api.Area{
		Tag: "Bulk", Description: "Imports and updates of many members from a CSV file or spreadsheet: dry run, live progress, failed rows, undo.",
		Routes: func(g *api.Group) {
			h.uploadRoutes(g)
			h.jobRoutes(g)
			h.fileRoutes(g)
			h.progressRoutes(g)
		},
		SchemaNames: map[reflect.Type]string{
			reflect.TypeFor[bulk.Status]():        "BulkJob",
			reflect.TypeFor[bulk.Options]():       "BulkOptions",
			reflect.TypeFor[job.NewField]():       "NewField",
			reflect.TypeFor[newfield.Creates]():   "PlannedCreations",
			reflect.TypeFor[outcome.PlannedTag](): "PlannedTag",
			reflect.TypeFor[bulk.Waiting]():       "JobWait",
			reflect.TypeFor[bulk.Counts]():        "RowCounts",
			reflect.TypeFor[bulk.Detail]():        "BulkRow",
			reflect.TypeFor[bulk.Change]():        "FieldChange",
			reflect.TypeFor[bulk.Problem]():       "RowProblem",
			reflect.TypeFor[sheet.Detected]():     "DetectedFile",
		},
		FieldTexts: fieldTexts,
	}
}
