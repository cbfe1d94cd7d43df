// Package job stores bulk jobs: their options, state, position and end.
package job

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sqldb"
)

// Type is the type of a bulk job.
type Type string

// The types of bulk jobs.
const (
	Import Type = "import" // creates and updates members
	Update Type = "update" // updates members and creates none
	Undo   Type = "undo"   // restores the state before another job

	Premium Type = "premium_currency" // posts entries of premium currency
)

// The states of a bulk job. A draft is a staged file, which no list of jobs
// shows.
const (
	Queued              = "queued"
	Running             = "running"
	Completed           = "completed"
	CompletedWithErrors = "completed_with_errors"
	Failed              = "failed" // with an error of the job
	Cancelled           = "cancelled"
	Undone              = "undone"
	Draft               = "draft"
)

// Job is a row of bulk_jobs.
type Job struct {
	CommunityID    string
	ID             string
	Type           Type
	Status         string
	DryRun         bool
	ParentID       string // apply: the dry run; undo: the job undone; draft: its latest job; else ""
	Options        Options
	FileID         string // "": expired, or an undo
	FileName       string
	FileSize       int64
	FileScan       sheet.ScanResult
	Detected       *sheet.Detected // nil until the file is opened
	Revision       string
	Position       record.Pos
	ProcessedBytes int64
	TotalRows      int64
	Counts         outcome.Counts
	Warnings       []sheet.Warning // of opening the file
	Hidden         Hidden          // rows of a spreadsheet that were read
	Unread         int64           // rows after the position of a job that stopped; UnreadUnknown until they are counted
	Batches        int64
	Continues      string // the stopped job; this one imports its unread rows; "": none
	Kept           int64  // rows of an undo with something that was kept
	ErrorCode      string
	Error          errs.Sentence
	Actor          string
	ActorName      string
	QueueJobID     string
	CreatedAt      int64
	StartedAt      int64
	UpdatedAt      int64
	FinishedAt     int64
	ExpiresAt      int64

	Owner         string // of a new job, see jobs.Options
	CorrectionsOf string // of a new job: the staged file or job with its corrected cells; "": none
}

// UnreadUnknown is Job.Unread of a stopped job whose rows are not counted.
const UnreadUnknown = -1

// Hidden are the hidden rows among those read.
type Hidden struct {
	Rows      int64
	FirstLine int // 0: none
}

// Add adds later rows.
func (h *Hidden) Add(later Hidden) {
	if h.FirstLine == 0 {
		h.FirstLine = later.FirstLine
	}
	h.Rows += later.Rows
}

// UploadedAt returns the time in Unix milliseconds at which the file of a job
// was stored. Jobs of a draft and applied dry runs are younger than their file.
func (j *Job) UploadedAt() int64 {
	if !id.Valid(j.FileID) {
		return j.CreatedAt
	}
	return min(j.CreatedAt, id.Time(j.FileID))
}

// Formats are the number and date formats of a job's file.
func (j *Job) Formats() field.Formats {
	return field.Formats{Decimal: j.Options.Decimal, DateFormat: j.Options.DateFormat, Country: j.Options.DefaultCountry, List: j.Options.ListSeparator, Semicolon: j.Detected != nil && j.Detected.Delimiter == ";", Typed: j.Detected != nil && j.Detected.IsWorkbook()}
}

// BaseName is the name of an uploaded file without its endings and without
// characters that a file name cannot have.
func BaseName(fileName string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"\/:*?<>|;`, r) {
			return '_'
		}
		return r
	}, filepath.Base(fileName))
	for _, ending := range []string{".gz", ".zip", ".xlsx", ".ods", ".csv", ".tsv", ".txt"} {
		name = strings.TrimSuffix(name, ending)
	}
	if name == "" || name == "." {
		return "import"
	}
	return name
}

// FailedName is the name of a file with the failed rows of a file.
func FailedName(fileName string, format sheet.Format) string {
	return BaseName(fileName) + "-failed." + string(format)
}

// Target is the job in the audit log.
func (j *Job) Target() audit.Target {
	return audit.Target{Type: "bulk_job", ID: j.ID, Name: j.FileName}
}

// Expired reports whether a job's file and row details were deleted.
func Expired(j *Job, now int64) bool { return j.ExpiresAt > 0 && j.ExpiresAt <= now }

// ErrExpired is the error of a job after its file and row details were deleted.
func ErrExpired() error {
	return errs.New(errs.Gone, "expired", "The file and the row details of this job are no longer kept.")
}

// StatusWord is a status for people.
func StatusWord(status string) errs.Word {
	if status == CompletedWithErrors {
		status = Completed
	}
	return errs.Word(status)
}

// smallFileBytes is the size from which a file is in the lane of large ones.
const smallFileBytes = 256 << 10

// smallUndoRows is the same for an undo.
const smallUndoRows = 2_500

// QueueOptions are the lane and the owner of a job in the queue.
func (j *Job) QueueOptions() jobs.Options {
	o := jobs.Options{Unique: "bulk:" + j.ID, CommunityID: j.CommunityID, Owner: j.Owner, Lane: jobs.Large}
	if o.Owner == "" {
		o.Owner = j.Actor
	}
	if j.Type == Undo && j.TotalRows < smallUndoRows || j.Type != Undo && j.FileSize < smallFileBytes {
		o.Lane = jobs.Small
	}
	return o
}

// LoadDictionary returns the possible names in the header of a job's file, with the
// new fields, unless the job writes: then they exist.
func LoadDictionary(ctx context.Context, q sqldb.Querier, j *Job) (*source.Dictionary, error) {
	fields, err := field.List(ctx, q, j.CommunityID)
	if err != nil {
		return nil, err
	}
	if j.DryRun || j.Status != Running {
		fields = withNew(fields, j.Options.NewFields)
	}
	return j.Type.Dictionary(fields), nil
}

// Dictionary returns the possible names in the header of a file.
func (t Type) Dictionary(fields []field.Field) *source.Dictionary {
	if t == Premium {
		return source.NewPremiumDictionary(fields)
	}
	return source.NewDictionary(t == Update, fields)
}

// Continuable returns nil if an import stopped before the end of its file. It fails with
// Conflict not_stopped or nothing_unread, or Gone expired.
func (j *Job) Continuable() error {
	switch {
	case j.DryRun, j.Type == Undo, j.Status != Cancelled && j.Status != Failed:
		return errs.New(errs.Conflict, "not_stopped", "Only an import or update that was cancelled or failed can be continued.")
	case j.Unread == 0:
		return errs.New(errs.Conflict, "nothing_unread", "The job read every row of its file. There is nothing left to import.")
	case j.FileID == "":
		return ErrExpired()
	}
	return nil
}

// SetDefaultCountry sets the country of national phone numbers to the one of the
// community at the start of the job, unless the options name one.
func SetDefaultCountry(ctx context.Context, q sqldb.Querier, j *Job) error {
	if j.Options.DefaultCountry != "" {
		return nil
	}
	home, err := community.Load(ctx, q, j.CommunityID)
	j.Options.DefaultCountry = home.Settings.DefaultCountry
	return err
}
