package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Authority is all permissions and the rank of an actor in a community.
type Authority struct {
	actor       actor.Actor
	memberID    string // the acting member; "": none
	principalID string // the acting member, or the creator of the acting key; "": none
	all         bool   // above every role and every member but owners
	owner       bool   // above owners too
	grants      grants
	otherGrants []grants // of a key: of its other bounds, each ranked at least as high as grants
}

// AuthorityOf returns the authority of an actor, read through q, or NotFound
// "community_not_found" for a person without access to the community. The caller
// checks that the actor has the permission for the operation.
func AuthorityOf(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID string) (Authority, error) {
	switch caller.Kind {
	case actor.Session, actor.UserKey:
		granted, err := loadGrants(ctx, q, memberships, caller, communityID)
		return Authority{actor: caller, memberID: granted.memberID, principalID: granted.memberID, all: granted.all, owner: caller.InstallationOwner, grants: granted}, err
	case actor.Command:
		return Authority{actor: caller, all: true, owner: true}, nil
	case actor.CommunityKey:
		return authorityOfKey(ctx, q, memberships, caller, communityID)
	case actor.Automation: // above all members, but without permissions: what it does was checked when it was written
		return Authority{actor: caller, all: true}, nil
	default:
		return Authority{actor: caller}, nil
	}
}

// Authority is AuthorityOf outside a transaction.
func (a *Access) Authority(ctx context.Context, caller actor.Actor, communityID string) (Authority, error) {
	return AuthorityOf(ctx, a.db, a.memberships, caller, communityID)
}

// OutranksRole reports whether the role ranks below the actor. Roles of equal
// order have equal rank.
func (a Authority) OutranksRole(r Role) bool { return a.all || r.rank() < highestRank(a.grants.roles) }

// OutranksMember reports whether a member, with the given roles, ranks below the
// actor. No actor outranks itself; only the owner of the installation outranks
// an owner.
func (a Authority) OutranksMember(memberID string, owner bool, roles []Role) bool {
	switch {
	case a.owner:
		return true
	case owner, memberID == a.memberID:
		return false
	}
	return a.all || highestRank(roles) < highestRank(a.grants.roles)
}

// MayChangeMember returns nil if the actor may change the data of a member with
// the given roles: members ranked below, and the actor itself, also through its
// key. An actor above all roles may change owners too, so that another system
// can synchronise them. Otherwise it fails with Forbidden "rank_too_low". The
// caller checks that the actor may change members.
func (a Authority) MayChangeMember(memberID string, owner bool, roles []Role) error {
	if a.all || a.principalID != "" && a.principalID == memberID || a.OutranksMember(memberID, owner, roles) {
		return nil
	}
	return rankTooLow()
}

// firstMissing returns the first permission that after allows, before does not
// and the actor lacks, or "".
func (a Authority) firstMissing(before, after Role) string {
	if a.all {
		return ""
	}
	missing := a.grants.firstMissing(before, after)
	for _, granted := range a.otherGrants {
		missing = cmp.Or(missing, granted.firstMissing(before, after))
	}
	return missing
}

// MayChangeRole returns nil if the actor may replace the role before with after;
// the zero Role means none. Both must rank below the actor, and the actor must
// have each permission that after adds. Otherwise it fails with Forbidden
// "rank_too_low" or "missing_permission".
func (a Authority) MayChangeRole(before, after Role) error {
	if before.ID != "" && !a.OutranksRole(before) || after.ID != "" && !a.OutranksRole(after) {
		return errs.New(errs.Forbidden, "rank_too_low", "You can only manage roles ranked below your highest role. Ask someone with a higher role.")
	}
	if name := a.firstMissing(before, after); name != "" {
		return errs.New(errs.Forbidden, "missing_permission", "You cannot grant the permission %q: your roles lack it.", name)
	}
	return nil
}

// MayAssign returns nil if the actor may add role to a member with the given
// roles, or remove it. Owners may do so for themselves. It fails as
// MayChangeRole does.
func (a Authority) MayAssign(role Role, adding bool, memberID string, owner bool, roles []Role) error {
	if err := a.KeyMayAssign(role); err != nil {
		return err
	}
	if !a.OutranksRole(role) {
		return errs.New(errs.Forbidden, "rank_too_low", "The role %q is not ranked below your highest role. Ask someone with a higher role.", role.Title)
	}
	self := a.all && memberID == a.memberID
	if !self && !a.OutranksMember(memberID, owner, roles) {
		return rankTooLow()
	}
	if adding {
		if name := a.firstMissing(Role{}, role); name != "" {
			return errs.New(errs.Forbidden, "missing_permission", "You cannot assign the role %q: it has the permission %q, which your roles lack.", role.Title, name)
		}
	}
	return nil
}

func rankTooLow() error {
	return errs.New(errs.Forbidden, "rank_too_low", "You can only manage members ranked below you. Ask someone with a higher role.")
}

// RequireHigherRank returns nil if the member ranks below the actor, as
// OutranksMember does; a key of the community has the rank of its creator.
// Otherwise it fails with Forbidden "rank_too_low". The caller checks the
// permission with Can.
func RequireHigherRank(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID, memberID string) error {
	authority, err := AuthorityOf(ctx, q, memberships, caller, communityID)
	if err != nil {
		return err
	}
	target, err := memberships.ByMember(ctx, q, communityID, memberID)
	if err != nil {
		return err
	}
	roles, err := rolesOf(ctx, q, communityID, target.RoleIDs)
	if err != nil {
		return err
	}
	if !authority.OutranksMember(memberID, target.Owner, roles) {
		return rankTooLow()
	}
	return nil
}

// OutranksAllRoles is true for owners of the community or installation, the
// command line, and the keys they created.
func (a Authority) OutranksAllRoles() bool { return a.all }

// MayAssignAll reports whether the actor may add and remove every role, so that
// KeyMayAssign and OutranksRole can be skipped.
func (a Authority) MayAssignAll() bool { return a.all && a.managesRoles() }

func (a Authority) managesRoles() bool {
	return a.actor.Kind != actor.CommunityKey && a.actor.Kind != actor.UserKey || a.actor.HasPermission(permission.ManageRoles)
}

// KeyMayAssign returns Forbidden "missing_permission" for a key without
// PermManageRoles if the role has a server permission. Other actors pass.
func (a Authority) KeyMayAssign(role Role) error {
	if a.managesRoles() || !role.GrantsServerPermission() {
		return nil
	}
	return errs.New(errs.Forbidden, "missing_permission", "The role %q has server permissions: an API key needs the permission %q to assign or remove it.", role.Title, permission.ManageRoles)
}

// Allows reports whether the actor has need; now is in Unix milliseconds. It is
// false for an empty Authority.
func (a Authority) Allows(need actor.Permission, now int64) bool {
	switch a.actor.Kind {
	case actor.Command:
		return true
	case actor.CommunityKey:
		rejects := func(granted grants) bool { return granted.suspendedUntil > now || !granted.allowKey(need) }
		return actor.Grants(a.actor.Permissions, permission.OfKey(need)) && !rejects(a.grants) && !slices.ContainsFunc(a.otherGrants, rejects)
	case actor.UserKey:
		return actor.Grants(a.actor.Permissions, permission.OfKey(need)) && a.personAllows(need, now)
	case actor.Session:
		return a.personAllows(need, now)
	default:
		return false
	}
}

// Require returns nil if the actor has need; now is in Unix milliseconds.
// Otherwise it fails as Can does, with Forbidden "missing_permission" or
// "suspended".
func (a Authority) Require(need actor.Permission, now int64) error {
	switch {
	case a.Allows(need, now):
		return nil
	case a.actor.Kind == actor.CommunityKey, a.actor.Kind == actor.UserKey && !a.actor.HasPermission(permission.OfKey(need)):
		return permission.KeyLacks(need)
	case a.grants.suspendedUntil > now:
		return suspended(a.grants.suspendedUntil)
	}
	return permission.RolesLack(need)
}

func (a Authority) personAllows(need actor.Permission, now int64) bool {
	return a.grants.suspendedUntil <= now && a.grants.allow(need)
}

// AuthorityOfRef is AuthorityOf for the Actor.Ref that started earlier work; now
// is in Unix milliseconds. The Authority is empty for an actor without access to
// the community, and for a key that was deleted, disabled or has expired.
func AuthorityOfRef(ctx context.Context, q sqldb.Querier, memberships Memberships, ref, communityID string, now int64) (Authority, error) {
	caller, err := actorOfRef(ctx, q, ref, communityID, now)
	if err == nil {
		var authority Authority
		if authority, err = AuthorityOf(ctx, q, memberships, caller, communityID); err == nil {
			return authority, nil
		}
	}
	if kind := errs.KindOf(err); kind == errs.NotFound || kind == errs.Unauthenticated {
		return Authority{}, nil
	}
	return Authority{}, err
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
	accountID, err := accountOfKey(ctx, q, keyID)
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
	}, key.usable(now)
}

func actorOfCommunityKey(ctx context.Context, q sqldb.Querier, key Key, now int64) (actor.Actor, error) {
	if err := key.usable(now); err != nil {
		return actor.Actor{}, err
	}
	bounds := key.LimitedBy
	if key.PreviousExpiresAt > now { // either secret may have started the work
		bounds = slices.Concat(bounds, key.PreviousLimitedBy)
	}
	creator, err := creatorOf(ctx, q, key.CommunityID, key.CreatedBy)
	return actor.Actor{
		Kind: actor.CommunityKey, KeyID: key.ID, CommunityID: key.CommunityID, CreatedBy: key.CreatedBy, CreatorIsOwner: creator.InstallationOwner, LimitedBy: bounds,
		Permissions: key.Permissions,
	}, err
}

// authorityOfKey returns the authority of a community's key: that of the lowest
// ranked person that bounds it, or none if one of them left. A key of the
// command line outranks everyone but the owner.
func authorityOfKey(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID string) (Authority, error) {
	none := Authority{actor: caller}
	if caller.CommunityID != communityID {
		return none, nil
	}
	bounds, err := loadBounds(ctx, q, memberships, caller, communityID)
	if err != nil {
		return none, ignoreNotFound(err)
	}
	sortByRank(bounds)
	lowest := bounds[0]
	authority := Authority{actor: caller, principalID: lowest.grants.memberID, all: lowest.grants.all, grants: lowest.grants}
	for _, b := range bounds[1:] {
		authority.otherGrants = append(authority.otherGrants, b.grants)
	}
	return authority, nil
}
