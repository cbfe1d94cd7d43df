package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// MayAsPerson returns nil when the actor is a person: one who has signed in,
// or a program of theirs whose key has one of need. BePerson in need lets any
// of them in, BeSignedIn no key. It fails with Unauthenticated
// "authentication_required", or Forbidden "person_required",
// "session_required", "limited_session" (a session that works in one community
// only) or "missing_permission".
func (a *Access) MayAsPerson(caller actor.Actor, need []actor.Permission) error {
	anybody := slices.Contains(need, BePerson)
	switch caller.Kind {
	case actor.Session:
		if caller.OnlyCommunity != "" && !anybody {
			return actor.LimitedSession()
		}
		return nil
	case actor.UserKey:
		if anybody || slices.ContainsFunc(need, func(p actor.Permission) bool { return actor.Grants(caller.Permissions, p) }) {
			return nil
		}
		if slices.Contains(need, actor.PermSessionOnly) {
			return actor.SessionRequired()
		}
		return errs.New(errs.Forbidden, "missing_permission", "This API key lacks the permission for this.")
	case actor.Anonymous:
		return actor.AuthenticationRequired()
	default:
		return errs.New(errs.Forbidden, "person_required", "This is about a person: a community's API key cannot do it, a session or a user's API key can.")
	}
}

// CommunitiesOf returns the ids of the communities that a person, or a program
// of theirs, may name: those they are an active member of, of a session that
// works in one community only that one.
func (a *Access) CommunitiesOf(ctx context.Context, actor actor.Actor) ([]string, error) {
	if actor.OnlyCommunity != "" {
		standing, err := a.memberships.ByMember(ctx, a.db, actor.OnlyCommunity, actor.MemberID)
		if err != nil || !standing.Member {
			return nil, err
		}
		return []string{actor.OnlyCommunity}, nil
	}
	return a.memberships.Communities(ctx, a.db, actor.AccountID)
}

// limitedRights are rightsIn for a session that another system began. Whoever
// may do more than talk has no such session, also when they came to it later:
// that system was trusted with its members, not with the community.
func limitedRights(ctx context.Context, q sqldb.Querier, standings Memberships, caller actor.Actor, communityID string) (rights, error) {
	if caller.OnlyCommunity != communityID {
		return rights{}, communityNotFound()
	}
	if caller.InstallationOwner {
		return rights{}, actor.LimitedSession()
	}
	has, err := rightsAs(ctx, q, communityID, func() (Membership, error) { return standings.ByMember(ctx, q, communityID, caller.MemberID) })
	if err == nil && has.overOthers() {
		return rights{}, actor.LimitedSession()
	}
	return has, err
}

// overOthers reports whether somebody may do anything in the community as a
// whole.
func (r rights) overOthers() bool {
	return r.everything || slices.ContainsFunc(r.roles, Role.GrantsServerPermission)
}
