package access

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
)

// Can returns nil if the actor has need in the community. It fails with
// Unauthenticated "authentication_required", Forbidden "wrong_community" (a key
// of another community), NotFound "community_not_found" (a non-member),
// Forbidden "missing_permission" or "suspended", or as canKey does.
func (a *Access) Can(ctx context.Context, caller actor.Actor, communityID string, need actor.Permission) error {
	switch caller.Kind {
	case actor.Command:
		_, err := a.communities.Get(ctx, communityID)
		return err
	case actor.CommunityKey:
		return a.canKey(ctx, caller, communityID, need)
	case actor.UserKey:
		if need != permission.AnyMember && !actor.Grants(caller.Permissions, permission.OfKey(need)) {
			return permission.KeyLacks(need)
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

// CanAny returns nil if the actor has one of needs in the community. Otherwise it
// fails as Can does for the first.
func (a *Access) CanAny(ctx context.Context, caller actor.Actor, communityID string, needs ...actor.Permission) (refusal error) {
	for _, need := range needs {
		err := a.Can(ctx, caller, communityID, need)
		if err == nil {
			return nil
		}
		if refusal == nil {
			refusal = err
		}
	}
	if refusal == nil { // needs is empty
		refusal = errs.New(errs.Forbidden, "missing_permission", "No permission allows this.")
	}
	return refusal
}

// Allowed reports for each of needs if a person has it in a community. It fails
// as Can does for PermAnyMember.
func (a *Access) Allowed(ctx context.Context, caller actor.Actor, communityID string, needs ...actor.Permission) (map[actor.Permission]bool, error) {
	granted, err := a.requestGrants(ctx, caller, communityID)
	if err != nil {
		return nil, err
	}
	allowed := make(map[actor.Permission]bool, len(needs))
	for _, need := range needs {
		allowed[need] = granted.allow(need)
	}
	return allowed, nil
}

func (a *Access) canPerson(ctx context.Context, caller actor.Actor, communityID string, need actor.Permission) error {
	granted, err := a.requestGrants(ctx, caller, communityID)
	if err != nil || granted.allow(need) {
		return err
	}
	return permission.RolesLack(need)
}

func wrongCommunity() error {
	return errs.New(errs.Forbidden, "wrong_community", "This API key belongs to another community.")
}

func authenticationRequired(need actor.Permission) error {
	const code = "authentication_required"
	if need == permission.BulkUpdateUser {
		return errs.New(errs.Unauthenticated, code, "This needs a credential: send a session token or an API key. Imports without one need the community setting openBulkImport.")
	}
	return actor.AuthenticationRequired()
}

// canOpen allows imports without a credential if the community's settings do.
// All other requests fail as if the credential were missing, also for an unknown
// community.
func (a *Access) canOpen(ctx context.Context, communityID string, need actor.Permission) error {
	if need != permission.BulkUpdateUser {
		return authenticationRequired(need)
	}
	c, err := a.communities.Get(ctx, communityID)
	if errs.KindOf(err) == errs.NotFound || err == nil && !c.Settings.OpenBulkImport {
		return authenticationRequired(need)
	}
	return err
}

func communityNotFound() error { return errs.Missing("community") }

// ResolveCommunity returns the community of a request; explicit is the id that
// the request names, or "". A key has one community; a person with one
// membership can omit it. It fails with Invalid "community_required", Forbidden
// "wrong_community", NotFound "community_not_found" or Unauthenticated
// "authentication_required".
func (a *Access) ResolveCommunity(ctx context.Context, caller actor.Actor, explicit string) (string, error) {
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
		if caller.Kind == actor.Open { // Can does not reveal that a community exists
			return explicit, nil
		}
		_, err := a.communities.Get(ctx, explicit)
		return explicit, err
	default:
		return "", actor.AuthenticationRequired()
	}
}

func (a *Access) communityOf(ctx context.Context, caller actor.Actor, explicit string) (string, error) {
	if explicit != "" {
		_, err := a.requestGrants(ctx, caller, explicit)
		return explicit, err
	}
	memberships, err := a.CommunitiesOf(ctx, caller)
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

// CanAsPerson returns nil for a session, or for a person's key with any of need.
// PermAnyPerson in need also allows limited sessions and all keys of persons;
// actor.PermSessionOnly allows no key. It fails with Unauthenticated
// "authentication_required", or Forbidden "person_required", "session_required",
// "limited_session" or "missing_permission".
func (a *Access) CanAsPerson(caller actor.Actor, need []actor.Permission) error {
	anyPerson := slices.Contains(need, permission.AnyPerson)
	switch caller.Kind {
	case actor.Session:
		if caller.OnlyCommunity != "" && !anyPerson {
			return actor.LimitedSession()
		}
		return nil
	case actor.UserKey:
		if anyPerson || slices.ContainsFunc(need, func(p actor.Permission) bool { return actor.Grants(caller.Permissions, p) }) {
			return nil
		}
		if slices.Contains(need, actor.PermSessionOnly) {
			return actor.SessionRequired()
		}
		return errs.New(errs.Forbidden, "missing_permission", "This API key lacks the permission for this.")
	case actor.Anonymous:
		return actor.AuthenticationRequired()
	default:
		return caller.RequirePerson()
	}
}

// CommunitiesOf returns the ids of the communities with an active membership of
// the person. A limited session has at most its own community.
func (a *Access) CommunitiesOf(ctx context.Context, caller actor.Actor) ([]string, error) {
	if caller.OnlyCommunity != "" {
		membership, err := a.memberships.ByMember(ctx, a.db, caller.OnlyCommunity, caller.MemberID)
		if err != nil || !membership.Member {
			return nil, err
		}
		return []string{caller.OnlyCommunity}, nil
	}
	return a.memberships.Communities(ctx, a.db, caller.AccountID)
}

// canKey is Can for a key of a community. It also fails with Forbidden
// "key_maker_gone" or "key_maker_suspended".
func (a *Access) canKey(ctx context.Context, caller actor.Actor, communityID string, need actor.Permission) error {
	if caller.CommunityID != communityID {
		return wrongCommunity()
	}
	if need != permission.AnyMember && !actor.Grants(caller.Permissions, permission.OfKey(need)) {
		return permission.KeyLacks(need)
	}
	bounds, err := a.boundsOf(ctx, a.db, caller)
	if err != nil {
		return creatorGone(err)
	}
	for _, b := range bounds {
		switch {
		case b.grants.suspendedUntil > a.clock.MS():
			return creatorSuspended(b.grants.suspendedUntil)
		case !b.grants.allowKey(need):
			return permission.CreatorLacks(need)
		}
	}
	return nil
}

func suspended(until int64) error {
	return errs.New(errs.Forbidden, "suspended", "You are suspended in this community until %s.", clock.Format(until)).
		WithFields(errs.Field{Field: "until", Code: "suspended", Message: time.UnixMilli(until).UTC().Format(time.RFC3339)})
}

func creatorGone(err error) error {
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	return errs.New(errs.Forbidden, "key_maker_gone", "The creator of this API key, or the person that rotated it, has left the community, so the key is disabled. An owner can take it over or create a new one.").Because(err)
}

func creatorSuspended(until int64) error {
	return errs.New(errs.Forbidden, "key_maker_suspended", "The creator of this API key, or the person that rotated it, is suspended until %s, and so is the key. An owner can take it over or create a new one.", clock.Format(until))
}
