package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Home is a community with what its members make of it.
type Home struct {
	community.Community
	Members int64
	Owner   Person // the first of its owners; zero when it has none
}

// Person names a member.
type Person struct {
	ID       string // of the member
	Number   int64
	Username string
}

// Homes adds to communities what their members make of them.
func (s *Members) Homes(ctx context.Context, communities ...community.Community) ([]Home, error) {
	ids := make([]string, len(communities))
	for i, c := range communities {
		ids[i] = c.ID
	}
	totals, err := memberTotals(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	owners, err := firstOwners(ctx, s.db, ids)
	homes := make([]Home, len(communities))
	for i, c := range communities {
		homes[i] = Home{c, totals[c.ID], owners[c.ID]}
	}
	return homes, err
}

// HomesOf returns the communities the actor, a person, is an active member of,
// or, with deleted, those that they owned when they were deleted and that can
// still be restored, because they were deleted after oldest; the oldest first.
func (s *Members) HomesOf(ctx context.Context, actor actor.Actor, deleted bool, oldest int64) ([]Home, error) {
	ids, err := s.connected.Access.CommunitiesOf(ctx, actor)
	if deleted {
		ids, err = deletedHomes(ctx, s.db, actor.AccountID, oldest)
	}
	if actor.OnlyCommunity != "" {
		ids = slices.DeleteFunc(ids, func(one string) bool { return one != actor.OnlyCommunity })
	}
	if err != nil {
		return nil, err
	}
	found, err := community.LoadMany(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	return s.Homes(ctx, found...)
}

// maxOwned is how many communities an account owns at most, unless it owns the
// installation. Deleted ones count until they are erased: they can be restored.
const maxOwned = 100

// Found makes the person who makes a community its owner, or fails with
// Conflict "too_many_communities". It is for community.OnCreate; what a program
// makes has no owner yet.
func (s *Members) Found(ctx context.Context, tx *sqldb.Tx, made community.Community) error {
	caller := actor.FromContext(ctx)
	if caller.Kind != actor.Session && caller.Kind != actor.UserKey {
		return nil
	}
	if err := mayOwnMore(ctx, tx, caller); err != nil {
		return err
	}
	_, _, err := s.insertOwner(ctx, tx, made.ID, caller.AccountID, made.CreatedAt)
	return err
}

// mayOwnMore holds the owner until the transaction ends, so that two communities
// which are made at once do not both find the last place free.
func mayOwnMore(ctx context.Context, tx *sqldb.Tx, actor actor.Actor) error {
	if actor.InstallationOwner {
		return nil
	}
	if err := tx.LockExclusive(ctx, "owned by "+actor.AccountID); err != nil {
		return err
	}
	owned, err := countOwned(ctx, tx, actor.AccountID)
	if err == nil && owned >= maxOwned {
		err = errs.New(errs.Conflict, "too_many_communities", "A person owns at most %d communities; deleted ones count until they are erased.", maxOwned)
	}
	return err
}

// CheckJoining refuses settings that require a field the community does not
// have, with Invalid "invalid_input". It is for community.OnChange.
func CheckJoining(ctx context.Context, tx *sqldb.Tx, old, changed community.Community) error {
	required := changed.Settings.Joining.RequiredFields
	if slices.Equal(required, old.Settings.Joining.RequiredFields) {
		return nil
	}
	fields, err := field.List(ctx, tx, changed.ID)
	if err != nil {
		return err
	}
	var wrong []errs.Field
	for _, fieldID := range required {
		if !slices.ContainsFunc(fields, func(f field.Field) bool { return f.ID == fieldID && Askable(f) }) {
			wrong = append(wrong, errs.Wrong("joiningRequirements.requiredFields", "unknown_field", "Nobody can be asked for the field %q when they join.", fieldID))
		}
	}
	return errs.InvalidFields(wrong)
}

// Askable reports whether a person can give the field when they join: what
// they have as an account, and what others decide, they cannot.
func Askable(f field.Field) bool {
	return !f.Default || !slices.Contains([]string{field.Username, field.EmailName, field.RoleName, field.TagName}, f.Field)
}
