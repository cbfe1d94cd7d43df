package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Override is a set of channel permissions that a channel allows or denies to a
// role or a member, regardless of roles. One of RoleID and UserID is set.
type Override struct {
	RoleID string
	UserID string   // the member's id
	Allow  []string // channel permissions
	Deny   []string // none of Allow
}

// Rule names the reason of a decision in a channel.
type Rule string

// Rules in their order; the first that applies decides.
const (
	RuleNotMember         Rule = "not_member"         // non-members have no permissions
	RuleSuspended         Rule = "suspended"          // nor have suspended members
	RuleKeyChannels       Rule = "key_channels"       // a person's key for other channels
	RuleInstallationOwner Rule = "installation_owner" // all permissions
	RuleOwner             Rule = "owner"              // all permissions
	RuleKey               Rule = "key"                // all permissions of a community's key
	RuleAdministrator     Rule = "server_administrator"
	RuleMemberOverride    Rule = "member_override"
	RuleRoleOverride      Rule = "role_override"
	RuleEveryoneOverride  Rule = "everyone_override"
	RuleRole              Rule = "role"     // a role allows it everywhere
	RuleEveryone          Rule = "everyone" // @all allows it everywhere
	RuleNone              Rule = "nothing"  // no role allows it
)

// Decision is the result of a permission check in a channel, with its reason.
type Decision struct {
	Allowed bool
	Rule    Rule
	Role    Role // the role that decided, the highest of several; zero: none
}

// ChannelActor is an actor whose permissions in channels can be resolved.
type ChannelActor struct {
	MemberID  string   // "": roles only
	Roles     []Role   // with @all, the highest first
	FixedRule Rule     // set: decides in every channel
	Channels  []string // of a person's key: the only channels it may act in; empty: all
}

// allows reports the decision of a FixedRule.
func (r Rule) allows() bool { return r != RuleNotMember && r != RuleSuspended }

// Resolve decides whether the actor has a channel permission in a channel.
// overrides are those of the channel, at most one for each role and member. The
// order is Discord's: the permissions of all roles; the override of @all,
// denials before permissions; the overrides of other roles together, all denials
// before all permissions; the override of the member. The last match decides.
func (c ChannelActor) Resolve(channelID string, overrides []Override, name string) Decision {
	if c.FixedRule != "" && !c.FixedRule.allows() {
		return Decision{Rule: c.FixedRule}
	}
	if len(c.Channels) > 0 && !slices.Contains(c.Channels, channelID) {
		return Decision{Rule: RuleKeyChannels}
	}
	if c.FixedRule != "" {
		return Decision{Allowed: true, Rule: c.FixedRule}
	}
	for _, role := range c.Roles {
		if role.ServerPermissions[permission.ServerAdministrator] {
			return Decision{Allowed: true, Rule: RuleAdministrator, Role: role}
		}
	}
	if d, matched := c.byMember(overrides, name); matched {
		return d
	}
	if d, matched := c.byRoles(overrides, name, false); matched {
		return d
	}
	if d, matched := c.byRoles(overrides, name, true); matched {
		return d
	}
	return c.base(name)
}

func (c ChannelActor) byMember(overrides []Override, name string) (d Decision, matched bool) {
	for _, o := range overrides {
		if c.MemberID == "" || o.UserID != c.MemberID {
			continue
		}
		if slices.Contains(o.Allow, name) {
			return Decision{Allowed: true, Rule: RuleMemberOverride}, true
		}
		if slices.Contains(o.Deny, name) {
			return Decision{Rule: RuleMemberOverride}, true
		}
	}
	return d, false
}

// byRoles applies the overrides of @all, or those of the other roles.
func (c ChannelActor) byRoles(overrides []Override, name string, everyone bool) (d Decision, matched bool) {
	rule := RuleRoleOverride
	if everyone {
		rule = RuleEveryoneOverride
	}
	for _, allowing := range []bool{true, false} {
		for _, role := range c.Roles {
			if role.Everyone != everyone {
				continue
			}
			for _, o := range overrides {
				names := o.Deny
				if allowing {
					names = o.Allow
				}
				if o.RoleID == role.ID && slices.Contains(names, name) {
					return Decision{Allowed: allowing, Rule: rule, Role: role}, true
				}
			}
		}
	}
	return d, false
}

func (c ChannelActor) base(name string) Decision {
	for _, role := range c.Roles {
		if role.ChannelPermissions[name] {
			if role.Everyone {
				return Decision{Allowed: true, Rule: RuleEveryone, Role: role}
			}
			return Decision{Allowed: true, Rule: RuleRole, Role: role}
		}
	}
	return Decision{Rule: RuleNone}
}

// ChannelActorOfMember returns the ChannelActor of a member.
func (a *Access) ChannelActorOfMember(ctx context.Context, q sqldb.Querier, communityID, memberID string) (ChannelActor, error) {
	membership, err := a.memberships.ByMember(ctx, q, communityID, memberID)
	if err != nil {
		return ChannelActor{}, err
	}
	var acct account.Account
	if membership.AccountID != "" {
		if acct, err = account.LoadAccount(ctx, q, membership.AccountID); err != nil {
			return ChannelActor{}, err
		}
	}
	return a.channelActor(ctx, q, communityID, membership, acct.InstallationOwner)
}

// channelActorOfPerson is ChannelActorOfMember for the person of any session.
func (a *Access) channelActorOfPerson(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (ChannelActor, error) {
	membership, err := a.MembershipOf(ctx, q, caller, communityID)
	if err != nil {
		return ChannelActor{}, err
	}
	return a.channelActor(ctx, q, communityID, membership, caller.InstallationOwner)
}

func (a *Access) channelActor(ctx context.Context, q sqldb.Querier, communityID string, membership Membership, ownsInstallation bool) (ChannelActor, error) {
	roles, err := rolesOf(ctx, q, communityID, membership.RoleIDs)
	return NewChannelActor(membership, ownsInstallation, roles, a.clock.MS()), err
}

// NewChannelActor returns the ChannelActor of a membership with its roles at now.
func NewChannelActor(membership Membership, ownsInstallation bool, roles []Role, now int64) ChannelActor {
	c := ChannelActor{MemberID: membership.MemberID, Roles: roles}
	switch {
	case ownsInstallation:
		c.FixedRule = RuleInstallationOwner
	case !membership.Member:
		c.FixedRule = RuleNotMember
	case membership.Owner:
		c.FixedRule = RuleOwner
	case membership.SuspendedUntil > now:
		c.FixedRule = RuleSuspended
	}
	return c
}

// ChannelActorOf returns the ChannelActor of an actor. A key of the community
// has every channel permission if its creator does, otherwise those of its
// creator. The caller checks the key's own permissions with Can. Outside a
// transaction it may be a second old, through the cache of the actor.
func (a *Access) ChannelActorOf(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (ChannelActor, error) {
	switch caller.Kind {
	case actor.Session, actor.UserKey:
		if caller.OnlyCommunity != "" && caller.OnlyCommunity != communityID {
			break
		}
		c, err := a.channelActorOfPerson(ctx, q, caller, communityID)
		c.Channels = caller.Channels
		return c, err
	case actor.Command:
		return ChannelActor{FixedRule: RuleInstallationOwner}, nil
	case actor.CommunityKey:
		if caller.CommunityID == communityID {
			return a.channelActorOfKey(ctx, q, caller)
		}
	}
	return ChannelActor{FixedRule: RuleNotMember}, nil
}

// channelActorOfKey returns RuleKey if all persons that bound the key have every
// permission, otherwise the lowest ranked of the others.
func (a *Access) channelActorOfKey(ctx context.Context, q sqldb.Querier, caller actor.Actor) (ChannelActor, error) {
	bounds, err := a.boundsOf(ctx, q, caller)
	if err != nil {
		return ChannelActor{FixedRule: RuleNotMember}, ignoreNotFound(err)
	}
	for _, b := range bounds {
		if b.grants.suspendedUntil > a.clock.MS() {
			return ChannelActor{FixedRule: RuleSuspended}, nil
		}
	}
	sortByRank(bounds)
	for _, b := range bounds {
		if !b.grants.administers() {
			return a.channelActorOfPerson(ctx, q, b.Actor, caller.CommunityID)
		}
	}
	return ChannelActor{FixedRule: RuleKey}, nil
}
