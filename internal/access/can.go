package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Can returns nil when the actor may do in a community what need names.
// Otherwise it fails with Unauthenticated "authentication_required", Forbidden
// "wrong_community" (a key of another one), NotFound "community_not_found" (a
// person who is not a member), Forbidden "missing_permission" or "suspended",
// or as canKey does.
func (a *Access) Can(ctx context.Context, caller actor.Actor, communityID string, need actor.Permission) error {
	switch caller.Kind {
	case actor.Command:
		_, err := a.communities.Get(ctx, communityID)
		return err
	case actor.CommunityKey:
		return a.canKey(ctx, caller, communityID, need)
	case actor.UserKey:
		if need != BeMember && !actor.Grants(caller.Permissions, onKey(need)) {
			return keyLacks(need)
		}
		return a.canPerson(ctx, caller, communityID, need)
	case actor.Session:
		return a.canPerson(ctx, caller, communityID, need)
	case actor.Open:
		return a.canOpen(ctx, communityID, need)
	default:
		return authenticationRequired(need)
	}
}

// Allowed returns which of needs a person may do in a community. It fails as
// Can does for BeMember.
func (a *Access) Allowed(ctx context.Context, caller actor.Actor, communityID string, needs ...actor.Permission) (map[actor.Permission]bool, error) {
	has, err := a.rightsOf(ctx, a.db, caller, communityID)
	if err != nil {
		return nil, err
	}
	may := make(map[actor.Permission]bool, len(needs))
	for _, need := range needs {
		may[need] = has.allow(need)
	}
	return may, nil
}

func (a *Access) canPerson(ctx context.Context, actor actor.Actor, communityID string, need actor.Permission) error {
	has, err := a.rightsOf(ctx, a.db, actor, communityID)
	if err != nil || has.allow(need) {
		return err
	}
	return rolesLack(need)
}

func wrongCommunity() error {
	return errs.New(errs.Forbidden, "wrong_community", "This API key belongs to another community.")
}

func authenticationRequired(need actor.Permission) error {
	const code = "authentication_required"
	if need == BulkUpdateUser {
		return errs.New(errs.Unauthenticated, code, "This needs a credential: send a session token or an API key. Only a community whose setting openBulkImport is on takes imports without one.")
	}
	return actor.AuthenticationRequired()
}

// canOpen lets nobody in particular import into a community that wants it. All
// else looks like a missing credential, a missing community too.
func (a *Access) canOpen(ctx context.Context, communityID string, need actor.Permission) error {
	if need != BulkUpdateUser {
		return authenticationRequired(need)
	}
	c, err := a.communities.Get(ctx, communityID)
	if errs.KindOf(err) == errs.NotFound || err == nil && !c.Settings.OpenBulkImport {
		return authenticationRequired(need)
	}
	return err
}

// rights are what a person may do in a community.
type rights struct {
	memberID   string // "": not a member, as the owner of the installation may be
	everything bool
	roles      []Role // those the person has, the highest first

	suspendedUntil int64 // Unix milliseconds; of an owner 0
}

func (r rights) allow(need actor.Permission) bool {
	if need == MaySeePenalties && slices.ContainsFunc(penalising, r.granted) {
		return true
	}
	if slices.Contains(ofMembers, need) {
		return true
	}
	return r.commands() || r.granted(byRole[need])
}

func (r rights) granted(serverPermission string) bool {
	return slices.ContainsFunc(r.roles, func(role Role) bool { return role.ServerPermissions[serverPermission] })
}

// rightsOf returns the rights of a person, or NotFound "community_not_found"
// where they have no business, or Forbidden "suspended" while they are.
func (a *Access) rightsOf(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (rights, error) {
	has, err := rightsIn(ctx, q, a.memberships, actor, communityID)
	if err == nil && has.suspendedUntil > a.clock.MS() {
		return rights{}, suspended(has.suspendedUntil)
	}
	return has, err
}

func communityNotFound() error {
	return errs.New(errs.NotFound, "community_not_found", "There is no such community.")
}

// CommunityFor decides which community a request speaks of; explicit is what
// it names, "" for none. A key has one community; a person with one membership
// need not name it. It fails with Invalid "community_required", Forbidden
// "wrong_community", NotFound "community_not_found" or Unauthenticated
// "authentication_required".
func (a *Access) CommunityFor(ctx context.Context, caller actor.Actor, explicit string) (string, error) {
	switch caller.Kind {
	case actor.CommunityKey:
		if explicit != "" && explicit != caller.CommunityID {
			return "", wrongCommunity()
		}
		return caller.CommunityID, nil
	case actor.Session, actor.UserKey:
		return a.communityOf(ctx, caller, explicit)
	case actor.Command, actor.Open:
		if explicit == "" {
			return "", communityRequired()
		}
		if caller.Kind == actor.Open { // Can tells nobody whether it exists
			return explicit, nil
		}
		_, err := a.communities.Get(ctx, explicit)
		return explicit, err
	default:
		return "", actor.AuthenticationRequired()
	}
}

func (a *Access) communityOf(ctx context.Context, actor actor.Actor, explicit string) (string, error) {
	if explicit != "" {
		_, err := a.rightsOf(ctx, a.db, actor, explicit)
		return explicit, err
	}
	memberships, err := a.CommunitiesOf(ctx, actor)
	if err != nil {
		return "", err
	}
	if len(memberships) != 1 {
		return "", communityRequired()
	}
	return memberships[0], nil
}

func communityRequired() error {
	return errs.New(errs.Invalid, "community_required", "Name the community in communityId.").
		WithFields(errs.Field{Field: "communityId", Code: "required", Message: "communityId is missing."})
}
