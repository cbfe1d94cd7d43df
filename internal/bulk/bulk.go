// Package bulk changes many members at once from a file. A request stores the
// file and queues a job, which reads it (source), plans the changes (plan) and
// writes them in short transactions (apply). Every row has a stored outcome, and
// an import can be undone (undo). Jobs can be listed, cancelled and exported
// here; staged files wait for their start.
package bulk

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/jobmember"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/bulk/undo"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/outage"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Callers need these types of other packages.
type (
	// Type is the type of a job.
	Type = job.Type
	// Options are the import options.
	Options = job.Options
	// ListFilter selects jobs.
	ListFilter = job.Filter
	// Storage is the size of a community's files.
	Storage = job.Storage
	// Totals are the sums of finished jobs.
	Totals = job.Totals
	// Counts are the rows of a job by outcome.
	Counts = outcome.Counts
	// Draft is a staged file of the import wizard.
	Draft = staged.Draft
	// Problem is an error of a row.
	Problem = source.RowError
	// ErrorGroup is the errors of a job with the same column and code.
	ErrorGroup = errorgroup.Group
	// Correction is the text to read instead of a cell of a file.
	Correction = source.Correction
	// KeptCause is a reason for which an undo kept something.
	KeptCause = undo.Cause
	// ErrorGroups are the errors of a job.
	ErrorGroups = errorgroup.Groups
	// ErrorFilter selects rows by an error.
	ErrorFilter = errorgroup.Filter
	// Format is the format of a file that is written.
	Format = sheet.Format
)

// The formats of files that are written.
const (
	CSV      = sheet.CSV
	Workbook = sheet.Workbook
)

// The types, modes and states of jobs.
const (
	Import = job.Import
	Update = job.Update
	Undo   = job.Undo

	Premium = job.Premium

	Upsert     = job.Upsert
	CreateOnly = job.CreateOnly
	UpdateOnly = job.UpdateOnly

	HiddenSkip = job.HiddenSkip

	Queued              = job.Queued
	Running             = job.Running
	Completed           = job.Completed
	CompletedWithErrors = job.CompletedWithErrors
	Failed              = job.Failed
	Cancelled           = job.Cancelled
	Undone              = job.Undone
)

// Limits are the limits of bulk jobs; zero values mean the defaults.
type Limits struct {
	BatchRows   int           // of a batch, 4,000
	MaxUnpacked int64         // bytes of an unpacked file, 1 GiB
	Keep        time.Duration // retention of files and row details, 90 days
	KeepDrafts  time.Duration // retention of staged files, 24 hours
	DryRuns     int64         // bytes of memory that all dry runs of this process share for members of several rows, 16 MiB; the rest is in temporary files

	FilesAtOnce  int           // compressed files and workbooks that are inspected at the same time, 2; as many again for details of jobs
	FilesWait    time.Duration // wait for a slot, 2 seconds
	StorageBytes int64         // stored files of a community; 0 or less: no limit
}

func (l Limits) withDefaults() Limits {
	if l.BatchRows <= 0 {
		l.BatchRows = 4_000
	}
	if l.MaxUnpacked <= 0 {
		l.MaxUnpacked = 1 << 30
	}
	if l.Keep <= 0 {
		l.Keep = 90 * 24 * time.Hour
	}
	if l.KeepDrafts <= 0 {
		l.KeepDrafts = 24 * time.Hour
	}
	if l.DryRuns <= 0 {
		l.DryRuns = 16 << 20
	}
	if l.FilesAtOnce <= 0 {
		l.FilesAtOnce = 2
	}
	if l.FilesWait <= 0 {
		l.FilesWait = 2 * time.Second
	}
	return l
}

// UndoneHook runs in the transaction that marks a job as undone. Its error prevents that.
type UndoneHook func(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error

// Deps are the dependencies of Bulk.
type Deps struct {
	DB       *sqldb.DB
	Files    blob.Store
	Scratch  *blob.Dir // of temporary files
	Access   *access.Access
	Members  *roster.Roster
	Ledger   *ledger.Ledger
	Erase    roster.Eraser // of members that an undo removes, in other features; nil: none has data of them
	Undone   UndoneHook    // may be nil
	Mail     *mail.Mail    // nil: no mails
	BaseURL  func() string // address of the server without a trailing slash; nil or "": no mails
	Clock    clock.Clock
	Log      *slog.Logger
	Database *outage.Log // may be nil
	Limits   Limits
}

// Bulk starts, runs and reports bulk jobs. It is safe for concurrent use; any
// node may run any job.
type Bulk struct {
	*staged.Files
	*jobmember.Members

	db       *sqldb.DB
	files    blob.Store
	scratch  *blob.Dir
	access   *access.Access
	members  *roster.Roster
	ledger   *ledger.Ledger
	erase    roster.Eraser
	undone   UndoneHook
	mail     *mail.Mail
	engine   *jobs.Engine
	baseURL  func() string
	clock    clock.Clock
	log      *slog.Logger
	database *outage.Log
	limits   Limits
	memory   *spill.Budget // of dry runs

	uploadSlots, detailSlots *source.Slots // of uploads and drafts, and of the details of jobs
	intact                   intactFiles
}

// New returns Bulk and registers its workers on the engine.
func New(d Deps, engine *jobs.Engine) *Bulk {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	b := &Bulk{db: d.DB, files: d.Files, scratch: d.Scratch, access: d.Access, members: d.Members, ledger: d.Ledger, erase: d.Erase, undone: d.Undone, mail: d.Mail, engine: engine, baseURL: d.BaseURL, clock: d.Clock, log: d.Log, database: d.Database, limits: d.Limits.withDefaults(), intact: intactFiles{known: map[string]fileState{}}}
	b.memory = &spill.Budget{Bytes: b.limits.DryRuns}
	b.uploadSlots, b.detailSlots = source.NewSlots(b.limits.FilesAtOnce, b.limits.FilesWait), source.NewSlots(b.limits.FilesAtOnce, b.limits.FilesWait)
	b.Files = staged.New(staged.Deps{DB: d.DB, Access: d.Access, Clock: d.Clock, Open: b.openDraft, Remove: b.forget})
	b.Members = jobmember.New(d.DB, d.Access, d.Clock, engine)
	jobs.Register(engine, b.work, b.abandon)
	jobs.Register(engine, b.countUnread)
	errorgroup.Register(engine, b.db, b.clock)
	return b
}

// may returns nil if the actor may change members in bulk.
func (b *Bulk) may(ctx context.Context, caller actor.Actor, communityID string) error {
	return b.access.Can(ctx, caller, communityID, permission.BulkUpdateUser)
}

// newWorkbook returns a writer of a workbook. The caller passes errors before Flush
// to blob.ScratchError.
func (b *Bulk) newWorkbook(w io.Writer, o sheet.WorkbookOptions) (*sheet.WorkbookWriter, error) {
	folder, err := b.scratch.ScratchFolder()
	if err != nil {
		return nil, err
	}
	o.TmpDir = folder
	return sheet.NewWorkbookWriter(w, o)
}

// jobWithDetails returns a job with row details. It fails with NotFound or Gone expired.
func (b *Bulk) jobWithDetails(ctx context.Context, communityID, jobID string) (job.Job, error) {
	j, err := job.Load(ctx, b.db, communityID, jobID)
	if err == nil && job.Expired(&j, b.clock.MS()) {
		err = job.ErrExpired()
	}
	return j, err
}

// NewID returns an id for a new job, so that the response can be stored before
// the job.
func (b *Bulk) NewID() string { return id.New(b.clock.Now()) }

// runArgs identify the bulk job of a queue job.
type runArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the queue job.
func (runArgs) Kind() string { return "bulk.run" }
