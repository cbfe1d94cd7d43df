package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// loadForeign finds the fields whose present value is not the last one that the
// job, or an earlier undo of it, wrote. A later change that was reverted or
// undone leaves that value, and does not count.
func (u *reversal) loadForeign(ctx context.Context, tx *sqldb.Tx, list []record) error {
	own, err := undosOf(ctx, tx, u.job.CommunityID, u.job.OriginID)
	if err != nil {
		return err
	}
	own = append(own, u.job.OriginID)
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].UserID
	}
	touched, err := member.ChangedByOthers(ctx, tx, u.job.CommunityID, ids, own...)
	if err != nil {
		return err
	}
	if err := u.addDeviating(list, touched); err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(userID string) bool { return !touched[userID] })
	slices.Sort(ids)
	writes, err := member.LastWrites(ctx, tx, u.job.CommunityID, slices.Compact(ids), own...)
	for key, last := range writes {
		f, who := u.fields[key.FieldID], u.crowd.refs[key.UserID]
		if f == nil || who == nil {
			continue
		}
		u.foreign[key] = !field.Equal(who.Get(f), last.Value)
		u.undone[key] = last.SourceID != "" && last.SourceID != u.job.OriginID
	}
	return err
}

// addDeviating adds the members with a value that is not the one which the last
// row of the piece wrote.
func (u *reversal) addDeviating(list []record, touched map[string]bool) error {
	seen := map[member.FieldOf]bool{}
	for i := range list {
		who := u.crowd.refs[list[i].UserID]
		if who == nil || touched[list[i].UserID] {
			continue
		}
		for _, c := range slices.Backward(list[i].Changes) {
			f, key := u.fields[c.Field], member.FieldOf{UserID: list[i].UserID, FieldID: c.Field}
			if f == nil || seen[key] {
				continue
			}
			seen[key] = true
			made, err := c.after()
			if err != nil {
				return err
			}
			if !field.Equal(who.Get(f), made) {
				touched[list[i].UserID] = true
			}
		}
	}
	return nil
}
