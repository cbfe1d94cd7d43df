// Package bulk changes many members at once from a file: import, update, and
// the undoing of both. A file is accepted in one short request, worked off in
// short transactions by a job, and afterwards every row can say what became
// of it.
package bulk

import (
	"context"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Type is the kind of a bulk job.
type Type string

// The kinds of bulk jobs.
const (
	Import Type = "import" // creates and changes members
	Update Type = "update" // changes members, never creates one
	Undo   Type = "undo"   // takes back what an import or update did
)

// The states of a bulk job. A draft is a staged file of the wizard and never
// part of the API log.
const (
	Queued              = "queued"
	Running             = "running"
	Completed           = "completed"
	CompletedWithErrors = "completed_with_errors"
	Failed              = "failed" // it could not go on
	Cancelled           = "cancelled"
	Undone              = "undone"
	draft               = "draft"
)

// Limits are the bounds of bulk work; zero values mean the defaults.
type Limits struct {
	PieceRows   int           // most rows of one piece, 4,000
	MaxUnpacked int64         // bytes a packed file may unpack to, 1 GiB
	Keep        time.Duration // how long files and row details are kept, 90 days
	KeepDrafts  time.Duration // how long a staged file waits, 24 hours
	DryRuns     int64         // bytes in memory that the dry runs of this process share for people whom rows repeat, 16 MiB; the rest goes to temporary files

	FilesAtOnce  int           // packed files and workbooks that are inspected at a time, 2; as many again are read for details of jobs
	FilesWait    time.Duration // how long a file waits for its turn, 2 seconds
	StorageBytes int64         // kept files of a community; 0 or less: no limit
}

func (l Limits) withDefaults() Limits {
	if l.PieceRows <= 0 {
		l.PieceRows = 4_000
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

// rowsAfter is how many rows the next piece has after so many were read. Long
// imports get longer pieces: with many rows in the tables, each piece touches
// most pages of every index anyway.
func (l Limits) rowsAfter(read int64) int {
	const short = 2_500
	if l.PieceRows <= short {
		return l.PieceRows
	}
	return min(max(short, int(read/40)), l.PieceRows)
}

// Deps are the parts bulk work stands on.
type Deps struct {
	DB      *sqldb.DB
	Files   *blob.Dir
	Members *member.Members
	Mail    *mail.Mail    // nil: no mails
	BaseURL func() string // address of the server without a slash at its end; nil or "": no mails
	Clock   clock.Clock
	Log     *slog.Logger
	Limits  Limits
}

// Bulk starts, runs and reports bulk jobs. It may be used from many
// goroutines; any node may run any job.
type Bulk struct {
	db      *sqldb.DB
	files   *blob.Dir
	members *member.Members
	mail    *mail.Mail
	engine  *jobs.Engine
	baseURL func() string
	clock   clock.Clock
	log     *slog.Logger
	limits  Limits
	memory  *memoryBudget // of dry runs

	inspecting *places // files of uploads and drafts
	looking    *places // files of jobs whose rows are shown
	intact     intactFiles
}

// New returns Bulk and registers its workers on the engine.
func New(d Deps, engine *jobs.Engine) *Bulk {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	b := &Bulk{db: d.DB, files: d.Files, members: d.Members, mail: d.Mail, engine: engine, baseURL: d.BaseURL, clock: d.Clock, log: d.Log, limits: d.Limits.withDefaults(), intact: intactFiles{known: map[string]fileState{}}}
	b.memory = &memoryBudget{bytes: b.limits.DryRuns}
	b.inspecting, b.looking = newPlaces(b.limits.FilesAtOnce, b.limits.FilesWait), newPlaces(b.limits.FilesAtOnce, b.limits.FilesWait)
	jobs.Register(engine, b.work, b.giveUp)
	return b
}

// NewID returns the id for a job that is about to be started: its answer can
// be written down before the job is.
func (b *Bulk) NewID() string { return id.New(b.clock.Now()) }

// runArgs name the bulk job that a queue job works on.
type runArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the queue's name for bulk work.
func (runArgs) Kind() string { return "bulk.run" }

// RunHere works a job in this process until it has ended, for the command line
// without a server.
func (b *Bulk) RunHere(ctx context.Context, engine *jobs.Engine, communityID, jobID string) error {
	j, err := loadJob(ctx, b.db, communityID, jobID)
	if err != nil {
		return err
	}
	err = engine.RunUntilDone(ctx, j.QueueJobID)
	if j, loadErr := loadJob(ctx, b.db, communityID, jobID); loadErr == nil && j.Status == Failed {
		return nil // its status has the reason
	}
	return err
}
