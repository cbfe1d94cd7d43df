package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Start is a file that was stored, and what is to be done with it.
type Start struct {
	CommunityID string
	Type        Type // Import or Update
	FileID      string
	FileName    string
	Verdict     sheet.ScanResult // of a sheet.Scanner
	Options     Options
	Actor       actor.Actor
	JobID       string // from NewID; "": one is made
}

// Start checks that the file can be read and its header understood, and
// queues the job in one transaction. It fails with Invalid or Unsupported and
// one of the codes of package sheet, or invalid_header, no_identifying_column,
// notify_needs_person, with Conflict storage_quota_reached and with Unavailable
// files_busy; then there is no job and the file is the caller's to delete.
func (b *Bulk) Start(ctx context.Context, in Start) (Status, error) {
	j, err := b.prepare(ctx, in)
	if err != nil {
		return Status{}, notStartedError{err}
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := b.reserve(ctx, tx, &j); err != nil {
			return err
		}
		return b.queue(ctx, tx, &j)
	})
	return b.status(j), err
}

// notStartedError is an error from before the transaction that starts a job.
type notStartedError struct{ error }

func (e notStartedError) Unwrap() error { return e.error }

// Refused reports whether an error of Start or Stage leaves no job, so that the
// file can be deleted. After any other error there may be one.
func Refused(err error) bool {
	if _, before := errors.AsType[notStartedError](err); before {
		return true
	}
	kind := errs.KindOf(err)
	return err != nil && kind != errs.Internal && kind != errs.Unavailable
}

// prepare makes the row of a job whose file can be used.
func (b *Bulk) prepare(ctx context.Context, in Start) (job, error) {
	if err := mayNotify(in.Actor, in.Options); err != nil {
		return job{}, err
	}
	now := b.clock.MS()
	if in.JobID == "" {
		in.JobID = b.NewID()
	}
	j := job{
		CommunityID: in.CommunityID, ID: in.JobID, Type: in.Type, Status: Queued, DryRun: in.Options.DryRun, Options: in.Options,
		FileID: in.FileID, FileName: shortName(in.FileName), Verdict: in.Verdict,
		Actor: in.Actor.Ref(), ActorName: in.Actor.Name, owner: in.Actor.Uploader(), CreatedAt: now, UpdatedAt: now,
	}
	table, err := b.openTable(ctx, &j, b.inspecting)
	if err != nil {
		return j, err
	}
	defer table.close()
	dictionary, err := b.dictionary(ctx, b.db, &j)
	if err != nil {
		return j, err
	}
	if _, err := dictionary.read(table.Header(), j.Options.Mapping); err != nil {
		return j, err
	}
	detected := table.Detected()
	j.Detected, j.FileSize, j.Position = &detected, table.file.Size(), table.Start()
	j.Revision, err = b.revision(ctx, b.db, in.CommunityID)
	return j, err
}

// queue writes a job and its entry in the log, and hands it to the workers.
func (b *Bulk) queue(ctx context.Context, tx *sqldb.Tx, j *job) (err error) {
	j.QueueJobID, err = jobs.Insert(ctx, tx, runArgs{j.CommunityID, j.ID}, j.queueOptions())
	if err != nil {
		return err
	}
	if err := insertJob(ctx, tx, *j); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Entry{
		CommunityID: j.CommunityID, At: j.CreatedAt, Actor: j.Actor, ActorName: j.ActorName, Action: "bulk_job.start", Target: j.target(),
		Changes: []audit.Change{{Field: "type", New: j.Type}, {Field: "dryRun", New: j.DryRun}},
	})
}

func (j *job) target() audit.Target {
	return audit.Target{Type: "bulk_job", ID: j.ID, Name: j.FileName}
}

func shortName(name string) string {
	if runes := []rune(name); len(runes) > 200 {
		return string(runes[:200])
	}
	return name
}

func (b *Bulk) dictionary(ctx context.Context, q sqldb.Querier, j *job) (*dictionary, error) {
	fields, err := field.List(ctx, q, j.CommunityID)
	if err != nil {
		return nil, err
	}
	return newDictionary(j.Type, fields), nil
}

// revision is a fingerprint of everything a plan rests on besides the people.
func (b *Bulk) revision(ctx context.Context, q sqldb.Querier, communityID string) (string, error) {
	fields, err := field.List(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	names, err := member.LoadNames(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	home, err := community.Load(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	for i := range fields { // how far work on values is changes no plan
		fields[i].Work, fields[i].Filled = field.Work{}, false
	}
	text, err := json.Marshal([]any{fields, names, home.Name, home.Settings})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), err
}

// Template returns the headers of a file to import: the default fields, then
// the community's own.
func (b *Bulk) Template(ctx context.Context, communityID string) ([]string, error) {
	fields, err := field.List(ctx, b.db, communityID)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = escapeCell(f.Name)
	}
	return names, err
}
