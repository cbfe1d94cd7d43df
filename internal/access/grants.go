package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// grants are the roles and permissions of a person in a community.
type grants struct {
	memberID string // "": the owner of the installation, not a member
	all      bool
	roles    []Role // with @all, the highest first

	suspendedUntil int64 // Unix milliseconds; of an owner 0
}

func (g grants) allow(need actor.Permission) bool {
	if need == permission.ViewPenalties && slices.ContainsFunc(permission.PenaltyPermissions, g.granted) {
		return true
	}
	if slices.Contains(permission.OfMember, need) {
		return true
	}
	return g.administers() || g.granted(permission.RolePermission[need])
}

// allowKey is allow for a key created by a person. A key acts for any member and
// reads every channel, so sending and reading messages requires more than
// membership.
func (g grants) allowKey(need actor.Permission) bool {
	if slices.Contains([]actor.Permission{permission.SendMessage, permission.GetMessages}, need) {
		return g.administers()
	}
	return g.allow(need)
}

func (g grants) granted(serverPermission string) bool {
	return slices.ContainsFunc(g.roles, func(role Role) bool { return role.ServerPermissions[serverPermission] })
}

// administers reports whether every permission in the community is granted.
func (g grants) administers() bool { return g.all || g.granted(permission.ServerAdministrator) }

// hasServerPermission reports whether any permission in the whole community is
// granted.
func (g grants) hasServerPermission() bool {
	return g.all || slices.ContainsFunc(g.roles, Role.GrantsServerPermission)
}

// firstMissing returns the first permission that after allows, before does not
// and g lacks, or "".
func (g grants) firstMissing(before, after Role) string {
	if g.administers() {
		return ""
	}
	for _, name := range permission.ServerPermissions {
		if after.ServerPermissions[name] && !before.ServerPermissions[name] && !g.granted(name) {
			return name
		}
	}
	for _, name := range permission.ChannelPermissions {
		granted := slices.ContainsFunc(g.roles, func(r Role) bool { return r.ChannelPermissions[name] })
		if after.ChannelPermissions[name] && !before.ChannelPermissions[name] && !granted {
			return name
		}
	}
	return ""
}

// activeGrants is loadGrants that also fails with Forbidden "suspended" for a
// suspended person.
func (a *Access) activeGrants(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (grants, error) {
	return a.active(loadGrants(ctx, q, a.memberships, caller, communityID))
}

// active returns Forbidden "suspended" for the grants of a suspended person.
func (a *Access) active(granted grants, err error) (grants, error) {
	if err == nil && granted.suspendedUntil > a.clock.MS() {
		return grants{}, suspended(granted.suspendedUntil)
	}
	return granted, err
}

// requestGrants is activeGrants outside a transaction, through the cache of the
// actor.
func (a *Access) requestGrants(ctx context.Context, caller actor.Actor, communityID string) (grants, error) {
	granted, err := grantsOf(ctx, a.db, caller, communityID, func() (Membership, error) { return a.MembershipOf(ctx, a.db, caller, communityID) })
	return a.active(granted, err)
}

// MembershipOf returns the membership of a person, in a transaction or, outside of
// one, through the cache of the actor. It does not check permissions.
func (a *Access) MembershipOf(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (Membership, error) {
	if q != sqldb.Querier(a.db) {
		return loadMembership(ctx, q, a.memberships, caller, communityID)
	}
	found, err := actor.Cached(caller.Cache, communityID, a.clock.MS(), func() (Membership, error) {
		found, err := loadMembership(ctx, q, a.memberships, caller, communityID)
		if err == nil && !found.Member { // may join in this request
			err = communityNotFound()
		}
		return found, err
	})
	return found, ignoreNotFound(err)
}

// boundsOf is loadBounds, outside a transaction through the cache of the actor.
func (a *Access) boundsOf(ctx context.Context, q sqldb.Querier, caller actor.Actor) ([]bound, error) {
	load := func() ([]bound, error) { return loadBounds(ctx, q, a.memberships, caller, caller.CommunityID) }
	if q != sqldb.Querier(a.db) {
		return load()
	}
	bounds, err := actor.Cached(caller.Cache, caller.CommunityID, a.clock.MS(), load)
	return slices.Clone(bounds), err
}

// loadGrants returns the grants of a person, or NotFound "community_not_found"
// for a person without access to the community.
func loadGrants(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID string) (grants, error) {
	return grantsOf(ctx, q, caller, communityID, func() (Membership, error) {
		return loadMembership(ctx, q, memberships, caller, communityID)
	})
}

// loadMembership returns the membership of a person in a community.
func loadMembership(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID string) (Membership, error) {
	if caller.OnlyCommunity != "" {
		return memberships.ByMember(ctx, q, communityID, caller.MemberID)
	}
	return memberships.ByAccount(ctx, q, communityID, caller.AccountID)
}

// grantsOf is loadGrants with the membership that find returns.
func grantsOf(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, find func() (Membership, error)) (grants, error) {
	if caller.OnlyCommunity != "" {
		return limitedGrants(ctx, q, caller, communityID, find)
	}
	if caller.InstallationOwner {
		_, err := community.Load(ctx, q, communityID)
		return grants{all: true}, err
	}
	return memberGrants(ctx, q, communityID, find)
}

// memberGrants returns the grants of the member that find returns.
func memberGrants(ctx context.Context, q sqldb.Querier, communityID string, find func() (Membership, error)) (grants, error) {
	membership, err := find()
	if err != nil {
		return grants{}, err
	}
	if !membership.Member {
		return grants{}, communityNotFound()
	}
	if membership.Owner {
		return grants{memberID: membership.MemberID, all: true}, nil
	}
	roles, err := rolesOf(ctx, q, communityID, membership.RoleIDs)
	return grants{memberID: membership.MemberID, roles: roles, suspendedUntil: membership.SuspendedUntil}, err
}

// limitedGrants is grantsOf for a session started by another system. It fails
// with Forbidden "limited_session" for a member with a server permission, also
// one granted after the session began: the other system is trusted with members,
// not with the community.
func limitedGrants(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, find func() (Membership, error)) (grants, error) {
	if caller.OnlyCommunity != communityID {
		return grants{}, communityNotFound()
	}
	if caller.InstallationOwner {
		return grants{}, actor.LimitedSession()
	}
	granted, err := memberGrants(ctx, q, communityID, find)
	if err == nil && granted.hasServerPermission() {
		return grants{}, actor.LimitedSession()
	}
	return granted, err
}

// rolesOf returns @all and the existing roles among roleIDs, the highest first.
func rolesOf(ctx context.Context, q sqldb.Querier, communityID string, roleIDs []string) ([]Role, error) {
	roles, err := listRoles(ctx, q, communityID)
	return slices.DeleteFunc(roles, func(r Role) bool { return !r.Everyone && !slices.Contains(roleIDs, r.ID) }), err
}

func highestRank(roles []Role) int {
	highest := everyoneRank
	for _, r := range roles {
		highest = max(highest, r.rank())
	}
	return highest
}

// ignoreNotFound returns nil for NotFound.
func ignoreNotFound(err error) error {
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}
