package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// PutTag puts a tag on members or takes it off them, all of them or none, with
// a row of the history for each who did not have it so already; it returns how
// many these were. It fails with NotFound tag_not_found or user_not_found, or
// Forbidden missing_permission for who may not change values, or rank_too_low
// as Change does.
func (s *Members) PutTag(ctx context.Context, caller actor.Actor, communityID, tagID string, userIDs []string, on bool, source Source) (changed int, err error) {
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs))) // two that lock many never wait for each other
	ctx = actor.NewContext(ctx, caller)
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		changed = 0
		may, err := s.reachOf(ctx, tx, caller, communityID)
		if err != nil {
			return err
		}
		if err := may.power.Require(access.PermUserFields, s.clock.MS()); err != nil {
			return err
		}
		for _, userID := range userIDs {
			e, err := beginEdit(ctx, tx, may, communityID, userID, s.clock)
			if err != nil {
				return err
			}
			if e.names.Tags[tagID] == "" {
				return errs.New(errs.NotFound, "tag_not_found", "There is no such tag.")
			}
			e.source = source
			has := slices.Contains(e.who.TagIDs, tagID)
			if has == on {
				continue
			}
			changed++
			ids := slices.DeleteFunc(slices.Clone(e.who.TagIDs), func(one string) bool { return one == tagID })
			if on {
				ids = append(ids, tagID)
				slices.Sort(ids)
			}
			e.set(findField(e.fields, field.TagName), idList(ids), 0)
			if _, err := e.finish(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	return changed, err
}
