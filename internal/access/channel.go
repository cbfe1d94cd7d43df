package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Override is what a channel allows or denies to a role or to a member,
// whatever their roles say. One of RoleID and UserID is set.
type Override struct {
	RoleID string
	UserID string   // the member's id
	Allow  []string // channel permissions
	Deny   []string // none of Allow
}

// Rule names what decided whether somebody may do something in a channel.
type Rule string

// The rules, in the order in which they are asked: the first that applies
// decides.
const (
	RuleNotMember        Rule = "not_member"         // who is no member may do nothing
	RuleSuspended        Rule = "suspended"          // nor who is suspended
	RuleKeyChannels      Rule = "key_channels"       // a person's key is not for this channel
	RuleInstallation     Rule = "installation_owner" // who runs the installation may do everything
	RuleOwner            Rule = "owner"              // and who owns the community
	RuleKey              Rule = "key"                // and a key of the community that is for channels
	RuleAdministrator    Rule = "server_administrator"
	RuleMemberOverride   Rule = "member_override"
	RuleRoleOverride     Rule = "role_override"
	RuleEveryoneOverride Rule = "everyone_override"
	RuleRole             Rule = "role"     // a role allows it everywhere
	RuleEveryone         Rule = "everyone" // @all allows it everywhere
	RuleNothing          Rule = "nothing"  // no role allows it
)

// Decision is whether somebody may do something in a channel, and why.
type Decision struct {
	Allowed bool
	Rule    Rule
	Role    Role // the role whose rule it was, the highest of several; zero: none
}

// Subject is somebody of whom channels ask what they may do.
type Subject struct {
	MemberID string   // "": only the roles speak
	Roles    []Role   // those they have and @all, the highest first
	Always   Rule     // set: decides everything, in every channel
	Channels []string // of a person's key: the only channels it is for; empty: all
}

// may is what Always decides.
func (r Rule) may() bool { return r != RuleNotMember && r != RuleSuspended }

// Decide says whether the subject may do in a channel what a channel
// permission names. overrides are those of the channel, each role and member
// once. The order is Discord's: what the roles allow together; then the
// override of @all, its denial before its permission; then those of the other
// roles together, all denials before all permissions; then the member's own.
// The last one that speaks decides.
func (s Subject) Decide(channelID string, overrides []Override, permission string) Decision {
	if s.Always != "" && !s.Always.may() {
		return Decision{Rule: s.Always}
	}
	if len(s.Channels) > 0 && !slices.Contains(s.Channels, channelID) {
		return Decision{Rule: RuleKeyChannels}
	}
	if s.Always != "" {
		return Decision{Allowed: true, Rule: s.Always}
	}
	for _, role := range s.Roles {
		if role.ServerPermissions[ServerAdministrator] {
			return Decision{Allowed: true, Rule: RuleAdministrator, Role: role}
		}
	}
	if d, spoke := s.byMember(overrides, permission); spoke {
		return d
	}
	if d, spoke := s.byRoles(overrides, permission, false); spoke {
		return d
	}
	if d, spoke := s.byRoles(overrides, permission, true); spoke {
		return d
	}
	return s.base(permission)
}

func (s Subject) byMember(overrides []Override, permission string) (d Decision, spoke bool) {
	for _, o := range overrides {
		if s.MemberID == "" || o.UserID != s.MemberID {
			continue
		}
		if slices.Contains(o.Allow, permission) {
			return Decision{Allowed: true, Rule: RuleMemberOverride}, true
		}
		if slices.Contains(o.Deny, permission) {
			return Decision{Rule: RuleMemberOverride}, true
		}
	}
	return d, false
}

// byRoles asks the overrides of @all, or those of the other roles.
func (s Subject) byRoles(overrides []Override, permission string, everyone bool) (d Decision, spoke bool) {
	rule := RuleRoleOverride
	if everyone {
		rule = RuleEveryoneOverride
	}
	for _, allowing := range []bool{true, false} {
		for _, role := range s.Roles {
			if role.Everyone != everyone {
				continue
			}
			for _, o := range overrides {
				names := o.Deny
				if allowing {
					names = o.Allow
				}
				if o.RoleID == role.ID && slices.Contains(names, permission) {
					return Decision{Allowed: allowing, Rule: rule, Role: role}, true
				}
			}
		}
	}
	return d, false
}

func (s Subject) base(permission string) Decision {
	for _, role := range s.Roles {
		if role.ChannelPermissions[permission] {
			if role.Everyone {
				return Decision{Allowed: true, Rule: RuleEveryone, Role: role}
			}
			return Decision{Allowed: true, Rule: RuleRole, Role: role}
		}
	}
	return Decision{Rule: RuleNothing}
}

// SubjectOf returns a member as channels of a community see them.
func (a *Access) SubjectOf(ctx context.Context, q sqldb.Querier, communityID, memberID string) (Subject, error) {
	standing, err := a.memberships.ByMember(ctx, q, communityID, memberID)
	if err != nil {
		return Subject{}, err
	}
	var acct account.Account
	if standing.AccountID != "" {
		if acct, err = account.LoadAccount(ctx, q, standing.AccountID); err != nil {
			return Subject{}, err
		}
	}
	return a.subjectAs(ctx, q, communityID, standing, acct.InstallationOwner)
}

// subjectOfPerson is SubjectOf for a person, or a member whose session another
// system began.
func (a *Access) subjectOfPerson(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (Subject, error) {
	find, ref := a.memberships.ByAccount, actor.AccountID
	if actor.OnlyCommunity != "" {
		find, ref = a.memberships.ByMember, actor.MemberID
	}
	standing, err := find(ctx, q, communityID, ref)
	if err != nil {
		return Subject{}, err
	}
	return a.subjectAs(ctx, q, communityID, standing, actor.InstallationOwner)
}

func (a *Access) subjectAs(ctx context.Context, q sqldb.Querier, communityID string, standing Membership, runsInstallation bool) (s Subject, err error) {
	s.MemberID = standing.MemberID
	switch {
	case runsInstallation:
		s.Always = RuleInstallation
	case !standing.Member:
		s.Always = RuleNotMember
	case standing.Owner:
		s.Always = RuleOwner
	case standing.SuspendedUntil > a.clock.MS():
		s.Always = RuleSuspended
	}
	s.Roles, err = rolesOf(ctx, q, communityID, standing.RoleIDs)
	return s, err
}

// SubjectFor returns the actor as channels of a community see them: a person
// as themselves, a key of the community as somebody who may do everything while
// who made it may.
// What a key may do at all is Can's to say.
func (a *Access) SubjectFor(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (Subject, error) {
	switch caller.Kind {
	case actor.Session, actor.UserKey:
		if caller.OnlyCommunity != "" && caller.OnlyCommunity != communityID {
			break
		}
		s, err := a.subjectOfPerson(ctx, q, caller, communityID)
		s.Channels = caller.Channels
		return s, err
	case actor.Command:
		return Subject{Always: RuleInstallation}, nil
	case actor.CommunityKey:
		if caller.CommunityID == communityID {
			return a.subjectOfKey(ctx, q, caller)
		}
	}
	return Subject{Always: RuleNotMember}, nil
}
