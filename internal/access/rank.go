package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// rankOfEveryone is the rank of @all, and of who has no other role: below
// every role that can be made.
const rankOfEveryone = -1

// rank is the order of a role among the roles of its community.
func (r Role) rank() int {
	if r.Everyone {
		return rankOfEveryone
	}
	return r.Order
}

func rankOf(roles []Role) int {
	highest := rankOfEveryone
	for _, r := range roles {
		highest = max(highest, r.rank())
	}
	return highest
}

// rightsIn returns the rights of a person, or NotFound "community_not_found"
// where they have no business.
func rightsIn(ctx context.Context, q sqldb.Querier, standings Memberships, actor actor.Actor, communityID string) (rights, error) {
	if actor.OnlyCommunity != "" {
		return limitedRights(ctx, q, standings, actor, communityID)
	}
	if actor.InstallationOwner {
		_, err := community.Load(ctx, q, communityID)
		return rights{everything: true}, err
	}
	return rightsAs(ctx, q, communityID, func() (Membership, error) { return standings.ByAccount(ctx, q, communityID, actor.AccountID) })
}

// rightsAs returns the rights of a member.
func rightsAs(ctx context.Context, q sqldb.Querier, communityID string, find func() (Membership, error)) (rights, error) {
	standing, err := find()
	if err != nil {
		return rights{}, err
	}
	if !standing.Member {
		return rights{}, communityNotFound()
	}
	if standing.Owner {
		return rights{memberID: standing.MemberID, everything: true}, nil
	}
	roles, err := rolesOf(ctx, q, communityID, standing.RoleIDs)
	return rights{memberID: standing.MemberID, roles: roles, suspendedUntil: standing.SuspendedUntil}, err
}

// rolesOf returns @all and those of the roles that exist, the highest first.
func rolesOf(ctx context.Context, q sqldb.Querier, communityID string, roleIDs []string) ([]Role, error) {
	roles, err := listRoles(ctx, q, communityID)
	return slices.DeleteFunc(roles, func(r Role) bool { return !r.Everyone && !slices.Contains(roleIDs, r.ID) }), err
}

// Power is how far an actor reaches in a community: which roles and members
// stand below them.
type Power struct {
	actor  actor.Actor
	self   string // the member who acts; "": none
	person string // the member who acts, or who made the key that does; "": none
	all    bool   // above every role and everybody but the owner
	owner  bool   // above the owner too, or the owner
	has    rights
	others []rights // of a key: of the others that it is bound by, each with at least the rank of has
}

// PowerOf returns the power of an actor, read through q, or NotFound
// "community_not_found" for a person who has no business in the community.
// That they may do at all what they are about to do is not looked at.
func PowerOf(ctx context.Context, q sqldb.Querier, standings Memberships, caller actor.Actor, communityID string) (Power, error) {
	switch caller.Kind {
	case actor.Session, actor.UserKey:
		has, err := rightsIn(ctx, q, standings, caller, communityID)
		return Power{actor: caller, self: has.memberID, person: has.memberID, all: has.everything, owner: caller.InstallationOwner, has: has}, err
	case actor.Command:
		return Power{actor: caller, all: true, owner: true}, nil
	case actor.CommunityKey:
		return powerOfKey(ctx, q, standings, caller, communityID)
	default:
		return Power{actor: caller}, nil
	}
}

// OverRole reports whether the role stands below the actor. Roles of the same
// order stand at the same height.
func (p Power) OverRole(r Role) bool { return p.all || r.rank() < rankOf(p.has.roles) }

// OverMember reports whether a member stands below the actor: never the actor
// themselves, and an owner only below who runs the installation. roles are
// those of the member.
func (p Power) OverMember(memberID string, owner bool, roles []Role) bool {
	switch {
	case p.owner:
		return true
	case owner, memberID == p.self:
		return false
	}
	return p.all || rankOf(roles) < rankOf(p.has.roles)
}

// MayChange returns nil when the actor may change what is kept of a member:
// values, tags, the picture. It may for who stands below them and for
// themselves, also by a key they made; who stands above every role may for
// owners too, or a community could not be kept in step with another system by
// those who own it. Else it fails with Forbidden "rank_too_low". memberID,
// owner and roles are the member's. That the actor may change members at all
// is not looked at.
func (p Power) MayChange(memberID string, owner bool, roles []Role) error {
	if p.all || p.person != "" && p.person == memberID || p.OverMember(memberID, owner, roles) {
		return nil
	}
	return rankTooLow()
}

// lacks returns the first permission that after allows, before does not, and
// the actor has not; "" when there is none.
func (p Power) lacks(before, after Role) string {
	if p.all {
		return ""
	}
	missing := p.has.lacks(before, after)
	for _, has := range p.others {
		missing = cmp.Or(missing, has.lacks(before, after))
	}
	return missing
}

func (r rights) lacks(before, after Role) string {
	if r.commands() {
		return ""
	}
	for _, name := range serverPermissions {
		if after.ServerPermissions[name] && !before.ServerPermissions[name] && !r.granted(name) {
			return name
		}
	}
	for _, name := range channelPermissions {
		has := slices.ContainsFunc(r.roles, func(r Role) bool { return r.ChannelPermissions[name] })
		if after.ChannelPermissions[name] && !before.ChannelPermissions[name] && !has {
			return name
		}
	}
	return ""
}

// MayMake returns nil when the actor may make before into after, where the
// zero Role is none: both stand below them and nothing is allowed anew that
// they may not do themselves. Else it fails with Forbidden "rank_too_low" or
// "missing_permission".
func (p Power) MayMake(before, after Role) error {
	if before.ID != "" && !p.OverRole(before) || after.ID != "" && !p.OverRole(after) {
		return errs.New(errs.Forbidden, "rank_too_low", "The role has to stand below your own highest role. Ask somebody above it.")
	}
	if name := p.lacks(before, after); name != "" {
		return errs.New(errs.Forbidden, "missing_permission", "You cannot give the permission %q: your roles lack it.", name)
	}
	return nil
}

// MayHand returns nil when the actor may give role to a member, or take it
// away. memberID, owner and roles are the member's. Else it fails as MayMake
// does. Who owns the community may also do it to themselves.
func (p Power) MayHand(role Role, giving bool, memberID string, owner bool, roles []Role) error {
	if err := p.MayTouch(role); err != nil {
		return err
	}
	if !p.OverRole(role) {
		return errs.New(errs.Forbidden, "rank_too_low", "The role %q does not stand below your own highest role. Ask somebody above it.", role.Title)
	}
	self := p.all && memberID == p.self
	if !self && !p.OverMember(memberID, owner, roles) {
		return rankTooLow()
	}
	if giving {
		if name := p.lacks(Role{}, role); name != "" {
			return errs.New(errs.Forbidden, "missing_permission", "The role %q allows %q, which your own roles lack.", role.Title, name)
		}
	}
	return nil
}

func rankTooLow() error {
	return errs.New(errs.Forbidden, "rank_too_low", "This member does not stand below you. Ask somebody whose highest role is above theirs.")
}

// Outranks returns nil when the actor may act on a member of the community:
// when the member stands below them. Nobody stands below themselves, an
// owner only below who runs the installation, and a key of the community
// stands where its maker does. Otherwise it fails with Forbidden
// "rank_too_low". Whether the actor may act in this way at all is Can's to say.
func Outranks(ctx context.Context, q sqldb.Querier, standings Memberships, actor actor.Actor, communityID, memberID string) error {
	power, err := PowerOf(ctx, q, standings, actor, communityID)
	if err != nil {
		return err
	}
	target, err := standings.ByMember(ctx, q, communityID, memberID)
	if err != nil {
		return err
	}
	roles, err := rolesOf(ctx, q, communityID, target.RoleIDs)
	if err != nil {
		return err
	}
	if !power.OverMember(memberID, target.Owner, roles) {
		return rankTooLow()
	}
	return nil
}
