// Package standing reads again, for many persons at once, what an open connection was
// admitted with: memberships, roles, sessions and keys.
package standing

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Memberships reads members of communities.
type Memberships interface {
	// ByMembers returns the memberships of several members, of those that exist.
	ByMembers(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) ([]access.Membership, error)
}

// Deps are the parts that Standing uses.
type Deps struct {
	DB          *sqldb.DB
	Memberships Memberships
	Sessions    *session.Active
	Clock       clock.Clock
}

// Standing reads memberships and credentials. It is safe for concurrent use.
type Standing struct{ d Deps }

// New returns the Standing of a database.
func New(d Deps) *Standing { return &Standing{d} }

// RequirePerson returns nil for a session, and for a person's key with need. It fails
// with Unauthenticated "authentication_required", or Forbidden "person_required" or
// "missing_permission". Limited sessions are admitted.
func RequirePerson(a *access.Access, caller actor.Actor, need actor.Permission) error {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
		return err
	}
	if caller.Kind == actor.UserKey && !actor.Grants(caller.Permissions, need) {
		return permission.KeyLacks(need)
	}
	return nil
}

// Members returns the ChannelActors of members by their ids. Members that do not exist
// have access.RuleNotMember.
func (s *Standing) Members(ctx context.Context, communityID string, memberIDs []string) (map[string]access.ChannelActor, error) {
	memberships, err := s.d.Memberships.ByMembers(ctx, s.d.DB, communityID, memberIDs)
	if err != nil {
		return nil, err
	}
	all, err := access.Roles(ctx, s.d.DB, communityID)
	if err != nil {
		return nil, err
	}
	actors := make(map[string]access.ChannelActor, len(memberIDs))
	for _, memberID := range memberIDs {
		actors[memberID] = access.ChannelActor{MemberID: memberID, FixedRule: access.RuleNotMember}
	}
	now := s.d.Clock.MS()
	var before []string // roles of the membership before, whose list most others share
	var roles []access.Role
	for i, m := range memberships {
		if i == 0 || !slices.Equal(m.RoleIDs, before) {
			before, roles = m.RoleIDs, rolesOf(m, all)
		}
		actors[m.MemberID] = access.NewChannelActor(m, false, roles, now)
	}
	return actors, nil
}

func rolesOf(m access.Membership, all []access.Role) (roles []access.Role) {
	for _, role := range all {
		if role.Everyone || slices.Contains(m.RoleIDs, role.ID) {
			roles = append(roles, role)
		}
	}
	return roles
}

// Allows reports whether a member has a permission in the whole community, apart from
// the permissions of a key.
func Allows(c access.ChannelActor, need actor.Permission) bool {
	if c.FixedRule != "" {
		return Active(c) == nil
	}
	name := permission.RolePermission[need]
	return slices.ContainsFunc(c.Roles, func(role access.Role) bool {
		return role.ServerPermissions[permission.ServerAdministrator] || role.ServerPermissions[name]
	})
}

// AllowsLimited reports whether a session that another system started may act as the
// member: one without permissions in the whole community.
func AllowsLimited(c access.ChannelActor) bool {
	return c.FixedRule == "" && !slices.ContainsFunc(c.Roles, access.Role.GrantsServerPermission)
}

// Active returns nil for an active member, or else Forbidden "suspended" or NotFound
// "community_not_found".
func Active(c access.ChannelActor) error {
	switch c.FixedRule {
	case access.RuleNotMember:
		return errs.Missing("community")
	case access.RuleSuspended:
		return errs.New(errs.Forbidden, "suspended", "You are suspended in this community.")
	default:
		return nil
	}
}

// Credential is a session or a person's key, as it is now.
type Credential struct {
	ExpiresAt   int64              // Unix milliseconds; 0: never
	Permissions []actor.Permission // of a key
	Channels    []string           // of a key: the only channels; empty: all
}

// Credentials returns the existing, enabled ones among sessions and keys of persons,
// by their ids.
func (s *Standing) Credentials(ctx context.Context, sessionIDs, keyIDs []string) (map[string]Credential, error) {
	found, err := selectKeys(ctx, s.d.DB, keyIDs)
	if err != nil {
		return nil, err
	}
	sessions, err := s.d.Sessions.Expiries(ctx, sessionIDs)
	for sessionID, expiresAt := range sessions {
		found[sessionID] = Credential{ExpiresAt: expiresAt}
	}
	return found, err
}

// CredentialChanges watches the tables that Credentials reads.
func (s *Standing) CredentialChanges() *sqldb.TableWatch {
	return s.d.DB.WatchTables("sessions", "accounts", "account_api_keys")
}
