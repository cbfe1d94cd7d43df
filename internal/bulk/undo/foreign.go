package undo

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// loadForeign finds the fields whose present value was not written by the job or
// an earlier undo of it. A later change that was reverted does not count.
func (u *reversal) loadForeign(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) error {
	own, err := job.UndosOf(ctx, tx, u.Job.CommunityID, u.Job.ParentID)
	if err != nil {
		return err
	}
	own = append(own, u.Job.ParentID)
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].UserID
	}
	touched, err := member.ChangedByOthers(ctx, tx, u.Job.CommunityID, ids, own...)
	if err != nil {
		return err
	}
	if err := u.addDeviating(list, touched); err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(userID string) bool { return !touched[userID] })
	slices.Sort(ids)
	writes, err := member.LastWrites(ctx, tx, u.Job.CommunityID, slices.Compact(ids), own...)
	for key, last := range writes {
		f, entry := u.fields[key.FieldID], u.identities.Refs[key.UserID]
		if f == nil || entry == nil {
			continue
		}
		u.foreign[key] = !field.Equal(u.unmerged(f, entry.Get(f)), u.unmerged(f, last.Value))
		u.undone[key] = last.SourceID != "" && last.SourceID != u.Job.ParentID
	}
	return err
}

// addDeviating adds members with a value other than the last one of the batch.
func (u *reversal) addDeviating(list []outcome.Record, touched map[string]bool) error {
	seen := map[member.FieldOf]bool{}
	for i := range list {
		entry := u.identities.Refs[list[i].UserID]
		if entry == nil || touched[list[i].UserID] {
			continue
		}
		for _, c := range slices.Backward(list[i].Changes) {
			f, key := u.fields[c.Field], member.FieldOf{UserID: list[i].UserID, FieldID: c.Field}
			if f == nil || seen[key] {
				continue
			}
			seen[key] = true
			made, err := c.After()
			if err != nil {
				return err
			}
			if !field.Equal(u.unmerged(f, entry.Get(f)), u.unmerged(f, made)) {
				touched[list[i].UserID] = true
			}
		}
	}
	return nil
}
