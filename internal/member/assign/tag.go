package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetTag adds a tag to members, or removes it, all of them or none, and returns
// how many were changed. It fails with NotFound tag_not_found or
// user_not_found, or Forbidden missing_permission, or rank_too_low as Change
// does.
func (s *Assignments) SetTag(ctx context.Context, caller actor.Actor, communityID, tagID string, userIDs []string, on bool, source member.Source) (changed int, err error) {
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs))) // sorted, so that transactions do not deadlock
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		changed = 0
		may, err := member.AuthorityOf(ctx, tx, caller, communityID)
		if err != nil {
			return err
		}
		if err := may.Access.Require(permission.UserFields, s.clock.MS()); err != nil {
			return err
		}
		for _, userID := range userIDs {
			e, err := member.BeginEdit(ctx, tx, may, communityID, userID, s.clock)
			if err != nil {
				return err
			}
			e.Source = source
			if err := Tag(e, tagID, on); err != nil {
				return err
			}
			if len(e.Changes) > 0 {
				changed++
			}
			if _, err := e.Finish(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	return changed, err
}

// Tag adds a tag to the member of an edit, or removes it, in memory. It fails with NotFound
// "tag_not_found".
func Tag(e *member.Edit, tagID string, on bool) error {
	tagID = e.Names.Unmerged(tagID)
	if e.Names.Tags[tagID] == "" {
		return errs.Missing("tag")
	}
	same := func(one string) bool { return e.Names.Unmerged(one) == tagID }
	if slices.ContainsFunc(e.Member.TagIDs, same) == on {
		return nil
	}
	ids := slices.DeleteFunc(slices.Clone(e.Member.TagIDs), same)
	if on {
		ids = append(ids, tagID)
		slices.Sort(ids)
	}
	e.Set(member.FindField(e.Fields, field.TagName), member.IDList(ids), 0)
	return nil
}

// tagManagers are the permissions to manage tags; one of them suffices.
var tagManagers = []actor.Permission{permission.UserFields, permission.BulkUpdateUser}

// Tags returns the community's tags by name.
func (s *Assignments) Tags(ctx context.Context, caller actor.Actor, communityID string) ([]member.Tag, error) {
	if err := s.access.CanAny(ctx, caller, communityID, permission.UserFields, permission.BulkUpdateUser, permission.GetUserData); err != nil {
		return nil, err
	}
	return member.Tags(ctx, s.db, communityID)
}

// TagMembers returns the number of active members with each tag, by id. It reads
// all members.
func (s *Assignments) TagMembers(ctx context.Context, caller actor.Actor, communityID string) (map[string]int64, error) {
	if err := s.access.CanAny(ctx, caller, communityID, permission.UserFields, permission.BulkUpdateUser, permission.GetUserData); err != nil {
		return nil, err
	}
	return member.TagMembers(ctx, s.db, communityID)
}

// CreateTag creates a tag. It fails with Invalid invalid_input, or Conflict
// duplicate_tag.
func (s *Assignments) CreateTag(ctx context.Context, caller actor.Actor, communityID, name string) (member.Tag, error) {
	if err := s.access.CanAny(ctx, caller, communityID, tagManagers...); err != nil {
		return member.Tag{}, err
	}
	name, problem := member.CheckTag(name)
	if problem != nil {
		return member.Tag{}, errs.InvalidFields([]errs.Field{problem.At("name")})
	}
	now := s.clock.Now()
	made := member.Tag{ID: id.New(now), Name: name, CreatedAt: now.UnixMilli()}
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.InsertTags(ctx, tx, communityID, []member.Tag{made}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, made.CreatedAt, communityID, "tag.create", made.Target())
	})
	if sqldb.IsDuplicate(err) {
		err = errDuplicateTag(name)
	}
	return made, err
}

// DeleteTag deletes a tag and frees its name at once. A job removes it from the
// members in batches and writes their histories. It fails with NotFound
// tag_not_found.
func (s *Assignments) DeleteTag(ctx context.Context, caller actor.Actor, communityID, tagID string) error {
	if err := s.access.CanAny(ctx, caller, communityID, tagManagers...); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.GuardFields(ctx, tx, communityID); err != nil { // writers of values add tags
			return err
		}
		name, err := member.DeleteTag(ctx, tx, communityID, tagID)
		if errs.KindOf(err) == errs.NotFound {
			return errs.Missing("tag")
		}
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if err := audit.Record(ctx, tx, caller, now, communityID, "tag.delete", member.Tag{ID: tagID, Name: name}.Target()); err != nil {
			return err
		}
		return queueReplacement(ctx, tx, caller, communityID, tagID, now)
	})
}
