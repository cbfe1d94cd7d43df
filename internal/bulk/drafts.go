package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// StagedFile is a draft in a list.
type StagedFile struct {
	ID, FileName string
	Size         int64
	JobID        string // latest check; "": none
	CreatedAt    string // RFC 3339
	ExpiresAt    string // RFC 3339
}

// maxListedDrafts is the maximum length of the result of Drafts.
const maxListedDrafts = 50

// Drafts returns the caller's staged files that were not imported yet, the newest
// first.
func (b *Bulk) Drafts(ctx context.Context, caller actor.Actor, communityID string) ([]StagedFile, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	list, err := job.ListDrafts(ctx, b.db, communityID, caller.Ref(), b.clock.MS(), maxListedDrafts)
	files := make([]StagedFile, 0, len(list))
	for i := range list {
		j := &list[i]
		files = append(files, StagedFile{j.ID, j.FileName, j.FileSize, j.ParentID, clock.Format(j.CreatedAt), clock.Format(j.ExpiresAt)})
	}
	return files, err
}

// Draft returns a staged file. It fails with NotFound draft_not_found, Gone
// expired, or Forbidden draft_of_other for everyone but its uploader; so do all
// methods for a draft.
func (b *Bulk) Draft(ctx context.Context, caller actor.Actor, communityID, draftID string) (Draft, error) {
	j, err := b.openDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	return b.draft(ctx, &j)
}

// openDraft returns the draft of a caller with the permission for bulk changes.
func (b *Bulk) openDraft(ctx context.Context, caller actor.Actor, communityID, draftID string) (job.Job, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return job.Job{}, err
	}
	j, err := job.LoadDraft(ctx, b.db, communityID, draftID)
	switch {
	case err != nil:
		return j, err
	case job.Expired(&j, b.clock.MS()):
		return j, errs.New(errs.Gone, "expired", "The staged file is no longer kept: upload it again.")
	case j.Actor == caller.Ref():
		return j, nil
	case j.ActorName == "":
		return j, errs.New(errs.Forbidden, "draft_of_other", "Another person uploaded this file, and only they can import it. Upload the file yourself.")
	}
	return j, errs.New(errs.Forbidden, "draft_of_other", "%s uploaded this file, and only they can import it. Upload the file yourself.", j.ActorName)
}

// insertDraft stores a new draft. If a draft of the same person with this id and
// this file exists, it is returned instead; if the id is in use otherwise, the new
// draft gets another one.
func (b *Bulk) insertDraft(ctx context.Context, j *job.Job) (staged *job.Job, err error) {
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "bulk_draft:"+j.ID); err != nil {
			return err
		}
		used, err := job.LoadAny(ctx, tx, j.CommunityID, j.ID)
		switch {
		case errs.KindOf(err) == errs.NotFound:
		case err != nil:
			return err
		case used.Status == job.Draft && used.Actor == j.Actor && used.FileName == j.FileName && used.FileScan.SHA256 != "" && used.FileScan.SHA256 == j.FileScan.SHA256:
			staged = &used
			return nil
		default:
			j.ID = b.NewID()
		}
		if err := b.reserve(ctx, tx, j); err != nil {
			return err
		}
		return job.Insert(ctx, tx, *j)
	})
	return staged, err
}

// Restage reads a staged file with other options.
func (b *Bulk) Restage(ctx context.Context, caller actor.Actor, communityID, draftID string, o job.Options) (Draft, error) {
	return b.RestageVersion(ctx, caller, communityID, draftID, 0, o)
}

// RestageVersion is Restage of a version of a draft, 0 for any. It fails with
// Conflict draft_changed if the draft has another version with other options.
func (b *Bulk) RestageVersion(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, o job.Options) (Draft, error) {
	j, err := b.openDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	saved := j
	j.Options = o
	if job.SameRequest(&saved, &j) {
		return b.draft(ctx, &j)
	}
	if version == 0 {
		version = j.UpdatedAt
	}
	d, err := b.draft(ctx, &j)
	if err != nil {
		return d, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := job.LockDraft(ctx, tx, communityID, draftID)
		if err != nil || job.SameRequest(&locked, &j) {
			d.Version = locked.UpdatedAt
			return err
		}
		if locked.UpdatedAt != version {
			return errDraftChanged()
		}
		locked.Type, locked.Options = j.Type, j.Options
		err = job.SetDraft(ctx, tx, &locked, b.clock.MS())
		d.Version = locked.UpdatedAt
		return err
	})
	return d, err
}

func errDraftChanged() error {
	return errs.New(errs.Conflict, "draft_changed", "This import was changed in another window, so your choices were not saved. The page shows the current ones; choose again.")
}

// StartDraft queues a job for a staged file, which stays staged for further
// jobs. It fails like Start.
func (b *Bulk) StartDraft(ctx context.Context, caller actor.Actor, communityID, draftID string, dryRun bool) (Status, error) {
	return b.StartDraftVersion(ctx, caller, communityID, draftID, 0, dryRun)
}

// StartDraftVersion is StartDraft of a version of a draft, 0 for the current one.
// If a job for the same options was started since that version, it is returned and
// no other one starts.
func (b *Bulk) StartDraftVersion(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, dryRun bool) (Status, error) {
	staged, err := b.openDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Status{}, err
	}
	if version == 0 {
		version = staged.UpdatedAt
	}
	o := staged.Options
	o.DryRun = dryRun
	d, err := b.draft(ctx, &staged)
	if err != nil {
		return Status{}, err
	}
	o.Mapping = d.mapping()
	j, err := b.prepare(ctx, caller, communityID, Start{Type: staged.Type, FileID: staged.FileID, FileName: staged.FileName, FileScan: staged.FileScan, Options: o})
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := job.LockDraft(ctx, tx, communityID, draftID)
		if err != nil {
			return err
		}
		if !job.SameRequest(&locked, &staged) {
			return errDraftChanged()
		}
		if locked.UpdatedAt != version {
			started, err := b.startedBefore(ctx, tx, &locked, &j)
			if started != nil {
				j = *started
			}
			if started != nil || err != nil {
				return err
			}
		}
		if err := b.queue(ctx, tx, &j); err != nil {
			return err
		}
		if err := job.SetDraft(ctx, tx, &locked, b.clock.MS()); err != nil {
			return err
		}
		return job.FollowDraft(ctx, tx, communityID, draftID, j.ID)
	})
	return b.status(j), err
}

// startedBefore returns the latest job of a draft if it does the same as j and was
// not applied; nil: there is none.
func (b *Bulk) startedBefore(ctx context.Context, tx *sqldb.Tx, draft, j *job.Job) (*job.Job, error) {
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

// FollowDraft saves a job, such as an applied plan, as the latest one of a
// draft.
func (b *Bulk) FollowDraft(ctx context.Context, caller actor.Actor, communityID, draftID, jobID string) error {
	if _, err := b.openDraft(ctx, caller, communityID, draftID); err != nil {
		return err
	}
	return job.FollowDraft(ctx, b.db, communityID, draftID, jobID)
}

// DiscardDraft deletes a staged file. Its jobs keep the file.
func (b *Bulk) DiscardDraft(ctx context.Context, caller actor.Actor, communityID, draftID string) error {
	j, err := b.openDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return err
	}
	return b.forget(ctx, &j)
}
