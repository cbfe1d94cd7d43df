// Package staged has the staged files of the import wizard: their drafts, access to
// them, and a preview of their columns.
package staged

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Files.
type Deps struct {
	DB     *sqldb.DB
	Access *access.Access
	Clock  clock.Clock
	Open   func(context.Context, *job.Job, *source.Dictionary) (source.File, error) // opens the intact file of a draft
	Remove func(context.Context, *job.Job) error                                    // deletes a draft, and its file unless a job has it
}

// Files are the staged files of all communities. It is safe for concurrent use.
type Files struct {
	db     *sqldb.DB
	access *access.Access
	clock  clock.Clock
	open   func(context.Context, *job.Job, *source.Dictionary) (source.File, error)
	remove func(context.Context, *job.Job) error
}

// New returns Files.
func New(d Deps) *Files {
	return &Files{db: d.DB, access: d.Access, clock: d.Clock, open: d.Open, remove: d.Remove}
}

// may returns nil if the actor may change members in bulk.
func (f *Files) may(ctx context.Context, caller actor.Actor, communityID string) error {
	return f.access.Can(ctx, caller, communityID, permission.BulkUpdateUser)
}

// File is a draft in a list.
type File struct {
	ID, FileName string
	Size         int64
	JobID        string // latest check; "": none
	CreatedAt    int64  // Unix milliseconds
	ExpiresAt    int64
}

// maxListed is the maximum length of the result of Drafts.
const maxListed = 50

// Drafts returns the caller's staged files that were not imported yet, the newest
// first.
func (f *Files) Drafts(ctx context.Context, caller actor.Actor, communityID string) ([]File, error) {
	if err := f.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	list, err := job.ListDrafts(ctx, f.db, communityID, caller.Ref(), f.clock.MS(), maxListed)
	files := make([]File, 0, len(list))
	for i := range list {
		j := &list[i]
		files = append(files, File{j.ID, j.FileName, j.FileSize, j.ParentID, j.CreatedAt, j.ExpiresAt})
	}
	return files, err
}

// Draft returns a staged file. It fails with NotFound draft_not_found, Gone
// expired, or Forbidden draft_of_other for everyone but its uploader; so do all
// methods for a draft.
func (f *Files) Draft(ctx context.Context, caller actor.Actor, communityID, draftID string) (Draft, error) {
	j, err := f.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	return f.Preview(ctx, &j)
}

// LoadDraft returns the draft of a caller with the permission for bulk changes.
func (f *Files) LoadDraft(ctx context.Context, caller actor.Actor, communityID, draftID string) (job.Job, error) {
	if err := f.may(ctx, caller, communityID); err != nil {
		return job.Job{}, err
	}
	j, err := job.LoadDraft(ctx, f.db, communityID, draftID)
	switch {
	case err != nil:
		return j, err
	case job.Expired(&j, f.clock.MS()):
		return j, errs.New(errs.Gone, "expired", "The staged file is no longer kept: upload it again.")
	case j.Actor == caller.Ref():
		return j, nil
	case j.ActorName == "":
		return j, errs.New(errs.Forbidden, "draft_of_other", "Another person uploaded this file, and only they can import it. Upload the file yourself.")
	}
	return j, errs.New(errs.Forbidden, "draft_of_other", "%s uploaded this file, and only they can import it. Upload the file yourself.", j.ActorName)
}

// Restage reads a staged file with other options.
func (f *Files) Restage(ctx context.Context, caller actor.Actor, communityID, draftID string, o job.Options) (Draft, error) {
	return f.RestageVersion(ctx, caller, communityID, draftID, 0, o)
}

// RestageVersion is Restage of a version of a draft, 0 for any. It fails with
// Conflict draft_changed if the draft has another version with other options.
func (f *Files) RestageVersion(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, o job.Options) (Draft, error) {
	return f.save(ctx, caller, communityID, draftID, version, func(j *job.Job) { j.Options = o })
}

// Try returns a draft as it would be with other options, without a change and
// without suggestions.
func (f *Files) Try(ctx context.Context, caller actor.Actor, communityID, draftID string, o job.Options) (Draft, error) {
	j, err := f.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	j.Options = o
	return f.preview(ctx, &j, false)
}

// SetType is RestageVersion that also changes whether the file imports or updates
// members.
func (f *Files) SetType(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, typ job.Type, o job.Options) (Draft, error) {
	return f.save(ctx, caller, communityID, draftID, version, func(j *job.Job) { j.Type, j.Options = typ, o })
}

// Correct saves the texts of cells of a version of a draft, which its next job reads
// instead of those in the file. changed is false if all were saved before, as by a
// form that was sent twice. It fails with Conflict draft_changed, or as
// correction.Save does.
func (f *Files) Correct(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, list []source.Correction) (changed bool, err error) {
	if _, err := f.LoadDraft(ctx, caller, communityID, draftID); err != nil {
		return false, err
	}
	err = f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := job.LockDraft(ctx, tx, communityID, draftID)
		if err != nil {
			return err
		}
		saved, err := correction.Load(ctx, tx, communityID, draftID)
		if err != nil {
			return err
		}
		known := make(map[source.Correction]bool, len(saved))
		for _, c := range saved {
			known[c] = true
		}
		changed = slices.ContainsFunc(list, func(c source.Correction) bool { return !known[c] })
		switch {
		case !changed:
			return nil
		case version != 0 && locked.UpdatedAt != version:
			return ErrChanged()
		}
		if err := correction.Save(ctx, tx, communityID, draftID, list); err != nil {
			return err
		}
		return job.SetDraft(ctx, tx, &locked, f.clock.MS())
	})
	return changed, err
}

// Corrections returns the corrected cells of a draft, and the number of those that a
// job of it does not have.
func (f *Files) Corrections(ctx context.Context, caller actor.Actor, communityID, draftID, jobID string) (list []source.Correction, pending int64, err error) {
	if _, err := f.LoadDraft(ctx, caller, communityID, draftID); err != nil {
		return nil, 0, err
	}
	if list, err = correction.Load(ctx, f.db, communityID, draftID); err == nil {
		pending, err = correction.Pending(ctx, f.db, communityID, draftID, jobID)
	}
	return list, pending, err
}

// save changes the type or the options of a version of a draft and reads its file
// with them.
func (f *Files) save(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, change func(*job.Job)) (Draft, error) {
	j, err := f.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	saved := j
	change(&j)
	if job.SameRequest(&saved, &j) {
		return f.Preview(ctx, &j)
	}
	if version == 0 {
		version = j.UpdatedAt
	}
	if saved.Type != j.Type || !saved.Options.SameReading(j.Options) {
		j.FileScan.Contents = nil // counted again
	}
	d, err := f.Preview(ctx, &j)
	if err == nil && j.Options.Mapping == nil && !saved.Options.SameReading(j.Options) {
		d, err = f.UseSaved(ctx, &j, d)
	}
	if err != nil {
		return d, err
	}
	err = f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := job.LockDraft(ctx, tx, communityID, draftID)
		if err != nil || job.SameRequest(&locked, &j) {
			d.Version = locked.UpdatedAt
			return err
		}
		if locked.UpdatedAt != version {
			return ErrChanged()
		}
		if !saved.Options.SameReading(j.Options) { // lines and columns are others
			if err := correction.Delete(ctx, tx, communityID, draftID); err != nil {
				return err
			}
		}
		locked.Type, locked.Options, locked.FileScan = j.Type, j.Options, j.FileScan
		err = job.SetDraft(ctx, tx, &locked, f.clock.MS())
		d.Version = locked.UpdatedAt
		return err
	})
	return d, err
}

// ErrChanged is the error of a change to an older version of a draft.
func ErrChanged() error {
	return errs.New(errs.Conflict, "draft_changed", "This import was changed in another window, so your choices were not saved. The page shows the current ones; choose again.")
}

// FollowDraft saves a job, such as an applied plan, as the latest one of a
// draft.
func (f *Files) FollowDraft(ctx context.Context, caller actor.Actor, communityID, draftID, jobID string) error {
	draft, err := f.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return err
	}
	switch j, err := job.Load(ctx, f.db, communityID, jobID); {
	case err != nil:
		return err
	case j.FileID != draft.FileID:
		return errs.New(errs.Conflict, "file_of_other_draft", "The job reads another file than the draft.")
	}
	return job.FollowDraft(ctx, f.db, communityID, draftID, jobID)
}

// DiscardDraft deletes a staged file. Its jobs keep the file.
func (f *Files) DiscardDraft(ctx context.Context, caller actor.Actor, communityID, draftID string) error {
	j, err := f.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return err
	}
	return f.remove(ctx, &j)
}

// StartedBefore returns the latest job of a draft if it does the same as j and was
// not applied; nil: there is none.
func StartedBefore(ctx context.Context, tx *sqldb.Tx, draft, j *job.Job) (*job.Job, error) {
	if draft.ParentID == "" {
		return nil, nil
	}
	latest, err := job.Load(ctx, tx, draft.CommunityID, draft.ParentID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	ended := latest.Status == job.Failed || latest.Status == job.Cancelled || latest.Status == job.Undone
	if err != nil || ended || latest.Revision != j.Revision || !job.SameRequest(&latest, j) {
		return nil, err
	}
	applied, err := job.AppliedBy(ctx, tx, draft.CommunityID, latest.ID)
	if err != nil || len(applied) > 0 {
		return nil, err
	}
	return &latest, nil
}
