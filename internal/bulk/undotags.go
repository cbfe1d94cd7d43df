package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// undoTags deletes the tags that the original job created and that no member
// has now. The row that named a kept tag first lists it in its details.
func (r *run) undoTags(ctx context.Context, originID string) error {
	tags, err := selectJobTags(ctx, r.db, r.job.CommunityID, originID)
	if err != nil || len(tags) == 0 {
		return err
	}
	ids := make([]string, len(tags))
	for i := range tags {
		ids[i] = tags[i].id
	}
	if err := r.deleteUnused(ctx, originID, ids); err != nil {
		return err
	}
	for {
		done := false
		err := r.tx(ctx, func(tx *sqldb.Tx) (err error) {
			done, err = r.listKeptTags(ctx, tx, originID)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// deleteUnused deletes the unused ones of the tags. It reads the members
// outside a transaction, which would keep others from writing.
func (r *run) deleteUnused(ctx context.Context, originID string, ids []string) error {
	err := r.tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := turn(ctx, tx, &r.job, 0); err != nil {
			return err
		}
		return member.WatchTags(ctx, tx, r.job.CommunityID, ids)
	})
	if err != nil {
		return err
	}
	used, err := member.UsedTags(ctx, r.db, r.job.CommunityID, ids)
	if err != nil {
		return err
	}
	return r.tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := turn(ctx, tx, &r.job, 0); err != nil {
			return err
		}
		deleted, err := member.DeleteUnusedTags(ctx, tx, r.job.CommunityID, ids, used)
		if err != nil {
			return err
		}
		return deleteJobTags(ctx, tx, r.job.CommunityID, originID, deleted)
	})
}

// listKeptTags adds the kept tags of one piece to the details of the undo.
func (r *run) listKeptTags(ctx context.Context, tx *sqldb.Tx, originID string) (done bool, err error) {
	if _, err := turn(ctx, tx, &r.job, 0); err != nil {
		return false, err
	}
	kept, err := selectJobTags(ctx, tx, r.job.CommunityID, originID)
	if err != nil || len(kept) == 0 {
		return true, err
	}
	found, err := pieceFrom(ctx, tx, &r.job, 0, 0, kept[0].line)
	if err != nil {
		return false, err
	}
	if found == nil {
		return false, deleteJobTags(ctx, tx, r.job.CommunityID, originID, []string{kept[0].id})
	}
	list, err := unpack(found.Outcomes)
	if err != nil {
		return false, err
	}
	names, err := loadTags(ctx, tx, r.job.CommunityID)
	if err != nil {
		return false, err
	}
	listed := []string{kept[0].id} // in any case, or this would not end
	for name, tagID := range names {
		at := slices.IndexFunc(kept, func(t jobTag) bool { return t.id == tagID })
		if at < 0 {
			continue
		}
		row := slices.IndexFunc(list, func(rec record) bool { return rec.Pos.Line == kept[at].line })
		if row < 0 {
			continue
		}
		list[row].keep(field.TagName, "used_elsewhere", "The tag was created by this job and is kept, because other members have it now.", name)
		listed = append(listed, tagID)
	}
	packed, err := pack(list)
	if err != nil {
		return false, err
	}
	if err := updateOutcomes(ctx, tx, &r.job, found.Number, packed); err != nil {
		return false, err
	}
	return false, deleteJobTags(ctx, tx, r.job.CommunityID, originID, listed)
}
