package access

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Everything reports whether every role stands below the actor: who owns the
// community, who runs the installation, and the keys that these made.
func (p Power) Everything() bool { return p.all }

// HandsAll reports whether the actor may give and take every role, so that
// MayTouch and OverRole need not be asked.
func (p Power) HandsAll() bool { return p.all && p.managesRoles() }

func (p Power) managesRoles() bool {
	return p.actor.Kind != actor.CommunityKey && p.actor.Kind != actor.UserKey || p.actor.Holds(ManageRoles)
}

// MayTouch returns nil unless the actor is a key without ManageRoles and the
// role allows something in the whole community: then it neither gives nor
// takes the role, whatever else it may, and Forbidden "missing_permission" is
// returned.
func (p Power) MayTouch(role Role) error {
	if p.managesRoles() || !role.GrantsServerPermission() {
		return nil
	}
	return errs.New(errs.Forbidden, "missing_permission", "The role %q has permissions on the server: a key needs the permission %q to give or take it.", role.Title, ManageRoles)
}

// May reports whether the actor may still do what need names, now in Unix
// milliseconds. It is false for work of nobody.
func (p Power) May(need actor.Permission, now int64) bool {
	switch p.actor.Kind {
	case actor.Command:
		return true
	case actor.CommunityKey:
		refuses := func(has rights) bool { return has.suspendedUntil > now || !has.allowKey(need) }
		return actor.Grants(p.actor.Permissions, onKey(need)) && !refuses(p.has) && !slices.ContainsFunc(p.others, refuses)
	case actor.UserKey:
		return actor.Grants(p.actor.Permissions, onKey(need)) && p.personMay(need, now)
	case actor.Session:
		return p.personMay(need, now)
	default:
		return false
	}
}

// Need returns nil when the actor May do what need names, now in Unix
// milliseconds. Else it fails as Can does, with Forbidden "missing_permission"
// or "suspended".
func (p Power) Need(need actor.Permission, now int64) error {
	switch {
	case p.May(need, now):
		return nil
	case p.actor.Kind == actor.CommunityKey, p.actor.Kind == actor.UserKey && !p.actor.Holds(onKey(need)):
		return keyLacks(need)
	case p.has.suspendedUntil > now:
		return suspended(p.has.suspendedUntil)
	}
	return rolesLack(need)
}

func (p Power) personMay(need actor.Permission, now int64) bool {
	return p.has.suspendedUntil <= now && p.has.allow(need)
}

// PowerOfRef is PowerOf for who began some work a while ago, by Actor.Ref; now
// is in Unix milliseconds. Who has no business in the community any more, and
// a key that is gone, switched off or expired, have no power at all.
func PowerOfRef(ctx context.Context, q sqldb.Querier, standings Memberships, ref, communityID string, now int64) (Power, error) {
	actor, err := actorOfRef(ctx, q, ref, communityID, now)
	if err == nil {
		var power Power
		if power, err = PowerOf(ctx, q, standings, actor, communityID); err == nil {
			return power, nil
		}
	}
	if kind := errs.KindOf(err); kind == errs.NotFound || kind == errs.Unauthenticated {
		return Power{}, nil
	}
	return Power{}, err
}

func actorOfRef(ctx context.Context, q sqldb.Querier, ref, communityID string, now int64) (actor.Actor, error) {
	if ref == (actor.Actor{Kind: actor.Command}).Ref() {
		return actor.Actor{Kind: actor.Command}, nil
	}
	if keyID, key := strings.CutPrefix(ref, "key:"); key {
		return actorOfKey(ctx, q, keyID, communityID, now)
	}
	if memberID, limited := strings.CutPrefix(ref, "member:"); limited {
		return actor.Actor{Kind: actor.Session, MemberID: memberID, OnlyCommunity: communityID}, nil
	}
	accountID, person := strings.CutPrefix(ref, "account:")
	if !person {
		return actor.Actor{}, nil
	}
	account, err := account.LoadAccount(ctx, q, accountID)
	return actor.Actor{Kind: actor.Session, AccountID: accountID, InstallationOwner: account.InstallationOwner}, err
}

func actorOfKey(ctx context.Context, q sqldb.Querier, keyID, communityID string, now int64) (actor.Actor, error) {
	key, err := loadKey(ctx, q, communityID, keyID, "")
	if err == nil {
		return actorOfCommunityKey(ctx, q, key, now)
	}
	if errs.KindOf(err) != errs.NotFound {
		return actor.Actor{}, err
	}
	accountID, err := ownerOfKey(ctx, q, keyID)
	if err != nil {
		return actor.Actor{}, err
	}
	if key, err = loadUserKey(ctx, q, accountID, keyID, ""); err != nil {
		return actor.Actor{}, err
	}
	account, err := account.LoadAccount(ctx, q, accountID)
	if err != nil {
		return actor.Actor{}, err
	}
	return actor.Actor{
		Kind: actor.UserKey, KeyID: keyID, AccountID: accountID, Permissions: key.Permissions, Channels: key.Channels,
		InstallationOwner: account.InstallationOwner,
	}, key.works(now)
}

func actorOfCommunityKey(ctx context.Context, q sqldb.Querier, key Key, now int64) (actor.Actor, error) {
	if err := key.works(now); err != nil {
		return actor.Actor{}, err
	}
	bounds := key.BoundBy
	if key.OldUntil > now { // either secret may have begun the work
		bounds = slices.Concat(bounds, key.OldBoundBy)
	}
	maker, err := makerOf(ctx, q, key.CommunityID, key.CreatedBy)
	return actor.Actor{
		Kind: actor.CommunityKey, KeyID: key.ID, CommunityID: key.CommunityID, CreatedBy: key.CreatedBy, CreatorIsOwner: maker.InstallationOwner, BoundBy: bounds,
		Permissions: key.Permissions,
	}, err
}
