package access

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// RequirePerson returns nil for a session, and for a person's key with need. It
// fails with Unauthenticated "authentication_required", or Forbidden
// "person_required" or "missing_permission". Limited sessions are admitted.
func (a *Access) RequirePerson(caller actor.Actor, need actor.Permission) error {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
		return err
	}
	if caller.Kind == actor.UserKey && !actor.Grants(caller.Permissions, need) {
		return permission.KeyLacks(need)
	}
	return nil
}

// ChannelActors returns the ChannelActors of members by their ids. Members that do
// not exist have RuleNotMember.
func (a *Access) ChannelActors(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]ChannelActor, error) {
	memberships, err := a.memberships.ByMembers(ctx, q, communityID, memberIDs)
	if err != nil {
		return nil, err
	}
	actors := make(map[string]ChannelActor, len(memberIDs))
	for _, memberID := range memberIDs {
		actors[memberID] = ChannelActor{MemberID: memberID, FixedRule: RuleNotMember}
	}
	for _, m := range memberships {
		if actors[m.MemberID], err = a.channelActor(ctx, q, communityID, m, false); err != nil {
			return nil, err
		}
	}
	return actors, nil
}

// Allows reports whether the actor has a permission in the whole community, apart
// from the permissions of a key.
func (c ChannelActor) Allows(need actor.Permission) bool {
	return c.FixedRule == "" && c.grants().allow(need) || c.FixedRule != "" && c.FixedRule.allows()
}

// Active returns nil for an active member, or else Forbidden "suspended" or NotFound
// "community_not_found".
func (c ChannelActor) Active() error {
	switch c.FixedRule {
	case RuleNotMember:
		return communityNotFound()
	case RuleSuspended:
		return errs.New(errs.Forbidden, "suspended", "You are suspended in this community.")
	default:
		return nil
	}
}

// AllowsLimited reports whether a session that another system started may act as the
// member: one without permissions in the whole community.
func (c ChannelActor) AllowsLimited() bool {
	return c.FixedRule == "" && !c.grants().hasServerPermission()
}

func (c ChannelActor) grants() grants { return grants{memberID: c.MemberID, roles: c.Roles} }

// Credential is a session or a person's key, as it is now.
type Credential struct {
	ExpiresAt   int64              // Unix milliseconds; 0: never
	Permissions []actor.Permission // of a key
	Channels    []string           // of a key: the only channels; empty: all
}

// Credentials returns the existing, enabled ones among sessions and keys of persons,
// by their ids.
func (a *Access) Credentials(ctx context.Context, sessionIDs, keyIDs []string) (map[string]Credential, error) {
	sessions, err := a.accounts.Sessions.Expiries(ctx, sessionIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Credential, len(sessionIDs)+len(keyIDs))
	for sessionID, expiresAt := range sessions {
		found[sessionID] = Credential{ExpiresAt: expiresAt}
	}
	keys, err := userKeysByID(ctx, a.db, keyIDs)
	for _, k := range keys {
		if k.Active {
			found[k.ID] = Credential{k.ExpiresAt, k.Permissions, k.Channels}
		}
	}
	return found, err
}

// CredentialChanges watches the tables that Credentials and Authenticate read.
func (a *Access) CredentialChanges() *sqldb.TableWatch {
	return a.db.WatchTables("sessions", "accounts", "account_api_keys")
}
