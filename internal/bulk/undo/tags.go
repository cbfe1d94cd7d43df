package undo

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// undoTags deletes the tags that the original job created and no member has. A
// tag that is kept is named by a warning of the undo, and listed in the details of the
// first row that named it.
func (r *run) undoTags(ctx context.Context, originID string) error {
	tags, err := outcome.Tags(ctx, r.DB, r.Job.CommunityID, originID)
	if err != nil || len(tags) == 0 {
		return err
	}
	ids := make([]string, len(tags))
	for i := range tags {
		ids[i] = tags[i].ID
	}
	if err := r.deleteUnused(ctx, originID, ids); err != nil {
		return err
	}
	for {
		done := false
		err := r.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			done, err = r.listRetainedTags(ctx, tx, originID)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// deleteUnused deletes unused tags. It reads the members outside a transaction,
// so that others can write.
func (r *run) deleteUnused(ctx context.Context, originID string, ids []string) error {
	err := r.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := job.LockForBatch(ctx, tx, r.Job, 0); err != nil {
			return err
		}
		return member.WatchTags(ctx, tx, r.Job.CommunityID, ids)
	})
	if err != nil {
		return err
	}
	used, err := member.UsedTags(ctx, r.DB, r.Job.CommunityID, ids)
	if err != nil {
		return err
	}
	return r.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := job.LockForBatch(ctx, tx, r.Job, 0); err != nil {
			return err
		}
		deleted, err := member.DeleteUnusedTags(ctx, tx, r.Job.CommunityID, ids, used)
		if err != nil {
			return err
		}
		if err := r.warnOfTags(ctx, tx, slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(deleted, id) })); err != nil {
			return err
		}
		return outcome.DeleteTags(ctx, tx, r.Job.CommunityID, originID, deleted)
	})
}

// maxKeptNames limits the names in a warning.
const maxKeptNames = 10

// warnOfTags adds the warning of tags that are kept, once.
func (r *run) warnOfTags(ctx context.Context, tx *sqldb.Tx, kept []string) error {
	undo, err := job.Load(ctx, tx, r.Job.CommunityID, r.Job.ID)
	if err != nil || slices.ContainsFunc(undo.Warnings, func(w sheet.Warning) bool { return w.Code == WarnTagsKept }) {
		return err
	}
	tags, err := plan.LoadTags(ctx, tx, r.Job.CommunityID)
	if err != nil {
		return err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if slices.Contains(kept, tags[name]) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	count := int64(len(names))
	if len(names) > maxKeptNames {
		names = append(names[:maxKeptNames], "…")
	}
	return job.AddWarning(ctx, tx, r.Job, sheet.Warning{
		Code: WarnTagsKept, Count: count,
		Message: errs.NewSentence("Tags that were created by the job and are kept, because other members have them now: %s.", strings.Join(names, ", ")),
	})
}

// listRetainedTags adds the kept tags of one batch to the details of the undo.
func (r *run) listRetainedTags(ctx context.Context, tx *sqldb.Tx, originID string) (done bool, err error) {
	if _, err := job.LockForBatch(ctx, tx, r.Job, 0); err != nil {
		return false, err
	}
	kept, err := outcome.Tags(ctx, tx, r.Job.CommunityID, originID)
	if err != nil || len(kept) == 0 {
		return true, err
	}
	found, err := outcome.Find(ctx, tx, r.Job.CommunityID, r.Job.ID, 0, 0, kept[0].Line)
	if err != nil {
		return false, err
	}
	if found == nil {
		return false, outcome.DeleteTags(ctx, tx, r.Job.CommunityID, originID, []string{kept[0].ID})
	}
	list, err := outcome.Unpack(found.Outcomes)
	if err != nil {
		return false, err
	}
	names, err := plan.LoadTags(ctx, tx, r.Job.CommunityID)
	if err != nil {
		return false, err
	}
	before := keptRows(list)
	listed := []string{kept[0].ID} // always, so that the loop ends
	for name, tagID := range names {
		at := slices.IndexFunc(kept, func(t outcome.Tag) bool { return t.ID == tagID })
		if at < 0 {
			continue
		}
		row := slices.IndexFunc(list, func(rec outcome.Record) bool { return rec.Pos.Line == kept[at].Line })
		if row < 0 {
			continue
		}
		list[row].AddError(field.TagName, "used_elsewhere", errs.Constant("The tag was created by this job and is kept, because other members have it now."), name)
		listed = append(listed, tagID)
	}
	packed, err := outcome.Pack(list)
	if err != nil {
		return false, err
	}
	if err := job.AddKept(ctx, tx, r.Job, keptRows(list)-before); err != nil {
		return false, err
	}
	if err := outcome.UpdateOutcomes(ctx, tx, r.Job.CommunityID, r.Job.ID, found.Number, packed); err != nil {
		return false, err
	}
	return false, outcome.DeleteTags(ctx, tx, r.Job.CommunityID, originID, listed)
}
