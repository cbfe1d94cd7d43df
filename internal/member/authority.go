package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Authority is the authority of an actor over the members of a community, read
// once per transaction.
type Authority struct {
	actor  actor.Actor
	Access access.Authority
	Roles  []access.Role // of the community; empty if the actor outranks all
}

// AuthorityOf returns the authority of an actor over the members of a community.
func AuthorityOf(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (Authority, error) {
	power, err := access.AuthorityOf(ctx, q, Memberships{}, actor, communityID)
	r := Authority{actor: actor, Access: power}
	if err == nil && !power.OutranksAllRoles() {
		r.Roles, err = access.Roles(ctx, q, communityID)
	}
	return r, err
}

// MayChange returns nil if the actor may change the values, tags and picture of
// a member, else Forbidden rank_too_low.
func (r Authority) MayChange(who *Record) error {
	return r.Access.MayChangeMember(who.ID, who.Owner, RoleSet(r.Roles, who.RoleIDs))
}

// MayDelete reports whether the actor may delete and restore a member.
func (r Authority) MayDelete(who *Record) bool {
	return r.Access.OutranksMember(who.ID, who.Owner, RoleSet(r.Roles, who.RoleIDs))
}

// Require returns nil if an actor has a permission in a community, otherwise the
// error of access.Can. now is in Unix milliseconds.
func Require(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, need actor.Permission, now int64) error {
	authority, err := access.AuthorityOf(ctx, q, Memberships{}, caller, communityID)
	if err != nil {
		return err
	}
	return authority.Require(need, now)
}

// Is reports whether the actor is the person of the member, signed in or with
// their own key.
func (r *Record) Is(actor actor.Actor) bool {
	return actor.AccountID != "" && actor.AccountID == r.AccountID || actor.MemberID != "" && actor.MemberID == r.ID
}

// RoleSet returns the roles with the ids, and @all.
func RoleSet(roles []access.Role, ids []string) []access.Role {
	return slices.DeleteFunc(slices.Clone(roles), func(r access.Role) bool { return !r.Everyone && !slices.Contains(ids, r.ID) })
}
