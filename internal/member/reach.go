package member

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// reach is how far an actor reaches among the members of a community, read
// once for all members of a transaction.
type reach struct {
	actor actor.Actor
	power access.Authority
	roles []access.Role // of the community; none where no role matters
}

func (s *Members) reachOf(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (reach, error) {
	power, err := access.AuthorityOf(ctx, q, Memberships{}, actor, communityID)
	r := reach{actor: actor, power: power}
	if err == nil && !power.OutranksAllRoles() {
		r.roles, err = access.Roles(ctx, q, communityID)
	}
	return r, err
}

// change returns nil when the actor may change what is kept of a member, else
// Forbidden rank_too_low.
func (r reach) change(who *Record) error {
	return r.power.MayChangeMember(who.ID, who.Owner, roleSet(r.roles, who.RoleIDs))
}

// manage reports whether the actor may delete and restore a member.
func (r reach) manage(who *Record) bool {
	return r.power.OutranksMember(who.ID, who.Owner, roleSet(r.roles, who.RoleIDs))
}

// MayChange reports whether the actor may change what is kept of a member:
// their values, tags and picture. It is for what is shown; whatever changes
// them asks again.
func (s *Members) MayChange(ctx context.Context, actor actor.Actor, communityID string, m Member) (bool, error) {
	r, err := s.reachOf(ctx, s.db, actor, communityID)
	if err != nil {
		return false, err
	}
	refused := r.power.MayChangeMember(m.ID, m.Owner, roleSet(r.roles, m.RoleIDs))
	return refused == nil, nil
}

// mayPicture returns nil when the actor may change the picture of a member.
// Who is none is somebody else's to refuse.
func (s *Members) mayPicture(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID, userID string) error {
	r, err := s.reachOf(ctx, q, actor, communityID)
	if err != nil {
		return err
	}
	found, err := Lookup(ctx, q, communityID, KeySet{IDs: []string{userID}}, false)
	if err != nil {
		return err
	}
	if len(found) == 0 || !found[0].IsMember() {
		return errUserNotFound()
	}
	if isSelf(actor, found[0]) {
		return nil
	}
	return r.change(found[0])
}

// isSelf reports whether the actor is the person of a member, signed in or by a
// key of their own.
func isSelf(actor actor.Actor, who *Record) bool {
	return actor.AccountID != "" && actor.AccountID == who.AccountID || actor.MemberID != "" && actor.MemberID == who.ID
}

// Is reports whether the actor is the person of the member, signed in or by a
// key of their own.
func (m *Member) Is(actor actor.Actor) bool {
	return isSelf(actor, &Record{ID: m.ID, AccountID: m.AccountID})
}

// Self returns the active member whose person the actor is. It fails with
// NotFound user_not_found.
func (s *Members) Self(ctx context.Context, actor actor.Actor, communityID string) (Member, error) {
	memberID := actor.MemberID
	if memberID == "" {
		var err error
		if memberID, err = memberIDOf(ctx, s.db, communityID, actor.AccountID); err != nil {
			return Member{}, err
		}
	}
	if memberID == "" {
		return Member{}, errUserNotFound()
	}
	return s.Find(ctx, communityID, memberID)
}
