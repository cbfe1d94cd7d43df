package chat

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// maxOverrides is the maximum number of overrides of a channel.
const maxOverrides = 200

// OverrideInput is the override of a channel for a role or a member.
type OverrideInput struct {
	RoleID string   // exactly one of RoleID and User is set
	User   string   // a reference as in directory.Find
	Allow  []string // channel permissions, disjoint from Deny
	Deny   []string
}

// SetOverrides replaces the overrides of a channel. A private channel stays
// hidden from @all; use UpdateChannel to make it public. Except for owners, the
// affected roles and members must rank below the actor, and the actor must have
// the affected permissions in the channel. It fails with NotFound
// "channel_not_found", Invalid "invalid_input" with every invalid entry,
// Conflict "channel_private" or "direct_private" if inputs allow @all to see a
// private channel, or Forbidden "rank_too_low" or "missing_permission".
func (c *Chat) SetOverrides(ctx context.Context, actor actor.Actor, communityID, channelID string, inputs []OverrideInput) (Channel, error) {
	if len(inputs) > maxOverrides {
		return Channel{}, errs.New(errs.Invalid, "too_many_overrides", "A channel has at most %d overrides.", maxOverrides)
	}
	var changed Channel
	err := c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		old, err := c.channel(ctx, tx, actor, communityID, channelID)
		if err != nil {
			return err
		}
		roles, err := access.Roles(ctx, tx, communityID)
		if err != nil {
			return err
		}
		wanted, err := c.readOverrides(ctx, communityID, roles, inputs)
		if err != nil {
			return err
		}
		if wanted, err = hiddenFromAll(old, roles[len(roles)-1].ID, wanted); err != nil {
			return err
		}
		changed, err = c.override(ctx, tx, actor, communityID, old, wanted)
		if err != nil || len(overrideChanges(old.Overrides, changed.Overrides)) == 0 {
			return err
		}
		changed.Version, changed.UpdatedAt = old.Version+1, c.clock.MS()
		if err := updateChannel(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return appendEvent(ctx, tx, actor, c.clock.MS(), communityID, old, changed)
	})
	return changed, err
}

// hide makes a channel private or public by changing its override of @all.
func (c *Chat) hide(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, ch *Channel, private bool) error {
	roles, err := access.Roles(ctx, tx, communityID)
	if err != nil {
		return err
	}
	wanted := slices.Clone(ch.Overrides)
	everyone := access.Override{RoleID: roles[len(roles)-1].ID}
	if at := slices.IndexFunc(wanted, func(o access.Override) bool { return o.RoleID == everyone.RoleID }); at >= 0 {
		everyone = wanted[at]
		wanted = slices.Delete(wanted, at, at+1)
	}
	everyone.Deny = without(everyone.Deny, permission.ViewMessageHistory)
	if private {
		everyone.Allow = without(everyone.Allow, permission.ViewMessageHistory)
		everyone.Deny = append(everyone.Deny, permission.ViewMessageHistory)
	}
	if len(everyone.Allow)+len(everyone.Deny) > 0 {
		wanted = append(wanted, everyone)
	}
	*ch, err = c.override(ctx, tx, actor, communityID, *ch, wanted)
	return err
}

// hiddenFromAll adds the denial that hides a private channel from @all to wanted,
// so that overrides without it do not make the channel public.
func hiddenFromAll(ch Channel, everyoneID string, wanted []access.Override) ([]access.Override, error) {
	if !ch.Private && ch.Type != Direct {
		return wanted, nil
	}
	at := slices.IndexFunc(wanted, func(o access.Override) bool { return o.RoleID == everyoneID })
	if at < 0 {
		return append(wanted, access.Override{RoleID: everyoneID, Deny: []string{permission.ViewMessageHistory}}), nil
	}
	everyone := &wanted[at]
	if slices.Contains(everyone.Allow, permission.ViewMessageHistory) {
		if ch.Type == Direct {
			return nil, directPrivate()
		}
		return nil, errs.New(errs.Conflict, "channel_private", "The channel is private, so %s cannot be allowed to see it. Make the channel public first.", access.EveryoneTitle)
	}
	if !slices.Contains(everyone.Deny, permission.ViewMessageHistory) {
		everyone.Deny = append(everyone.Deny, permission.ViewMessageHistory)
	}
	return wanted, nil
}

func directPrivate() error {
	return errs.New(errs.Conflict, "direct_private", "A direct channel is always private.")
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(one string) bool { return one == name })
}

// override checks the rights of the actor and writes the overrides of a channel.
func (c *Chat) override(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, ch Channel, wanted []access.Override) (Channel, error) {
	changes := overrideChanges(ch.Overrides, wanted)
	if len(changes) == 0 {
		return ch, nil
	}
	if err := c.mayOverride(ctx, tx, actor, communityID, ch, changes); err != nil {
		return ch, err
	}
	if err := replaceOverrides(ctx, tx, communityID, ch.ID, wanted); err != nil {
		return ch, err
	}
	changed, err := Load(ctx, tx, communityID, ch.ID)
	if err != nil {
		return ch, err
	}
	ch.Overrides, ch.Private = changed.Overrides, changed.Private
	auditChanges := make([]audit.Change, len(changes))
	for i, one := range changes {
		auditChanges[i] = audit.Change{Field: one.subject + " " + one.permission, Old: one.old, New: one.now}
	}
	return ch, audit.Record(ctx, tx, actor, c.clock.MS(), communityID, "channel.override", channelTarget(ch), auditChanges...)
}

// permissionChange is the change of one permission for a role or a member.
type permissionChange struct {
	subject    string // the id of the role or account
	isRole     bool
	permission string
	old, now   string // "allow", "deny" or ""
}

// overrideChanges returns the differences, in a fixed order.
func overrideChanges(before, after []access.Override) (changes []permissionChange) {
	subjects := []access.Override{}
	for _, o := range slices.Concat(before, after) {
		if !slices.ContainsFunc(subjects, func(known access.Override) bool { return known.RoleID == o.RoleID && known.UserID == o.UserID }) {
			subjects = append(subjects, o)
		}
	}
	for _, o := range subjects {
		for _, permission := range permission.ChannelPermissions {
			one := permissionChange{subject: o.RoleID + o.UserID, isRole: o.RoleID != "", permission: permission, old: effect(before, o, permission), now: effect(after, o, permission)}
			if one.old != one.now {
				changes = append(changes, one)
			}
		}
	}
	return changes
}

func effect(all []access.Override, about access.Override, permission string) string {
	for _, o := range all {
		if o.RoleID != about.RoleID || o.UserID != about.UserID {
			continue
		}
		if slices.Contains(o.Allow, permission) {
			return "allow"
		}
		if slices.Contains(o.Deny, permission) {
			return "deny"
		}
	}
	return ""
}

func (c *Chat) mayOverride(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, ch Channel, changes []permissionChange) error {
	power, err := access.AuthorityOf(ctx, tx, member.Memberships{}, actor, communityID)
	if err != nil || power.OutranksAllRoles() {
		return err
	}
	self, err := c.access.ChannelActorOf(ctx, tx, actor, communityID)
	if err != nil {
		return err
	}
	for _, one := range changes {
		if !self.Resolve(ch.ID, ch.Overrides, one.permission).Allowed {
			return errs.New(errs.Forbidden, "missing_permission", "You cannot allow or deny %q in this channel: you lack it there yourself.", one.permission)
		}
		if !one.isRole {
			if err := access.RequireHigherRank(ctx, tx, member.Memberships{}, actor, communityID, one.subject); err != nil {
				return err
			}
			continue
		}
		role, err := access.RoleByID(ctx, tx, communityID, one.subject)
		if err != nil {
			return err
		}
		if !power.OutranksRole(role) {
			return errs.New(errs.Forbidden, "rank_too_low", "The role %q is not ranked below your highest role. Ask someone with a higher role.", role.Title)
		}
	}
	return nil
}

func (c *Chat) readOverrides(ctx context.Context, communityID string, roles []access.Role, inputs []OverrideInput) ([]access.Override, error) {
	var wrong []errs.Field
	all, seen := []access.Override{}, map[string]bool{}
	for i, in := range inputs {
		fail := func(field, code, format string, args ...any) {
			wrong = append(wrong, errs.Wrong(fmt.Sprintf("%d.%s", i, field), code, format, args...))
		}
		o := access.Override{RoleID: in.RoleID, Allow: sortedUnique(in.Allow), Deny: sortedUnique(in.Deny)}
		switch {
		case (in.RoleID == "") == (in.User == ""):
			fail("roleId", "one_of", "Specify either a role or a user.")
			continue
		case in.User != "":
			found, err := directory.Load(ctx, c.db, communityID, in.User, member.Active)
			if errs.KindOf(err) == errs.NotFound {
				fail("userId", "unknown_user", "User not found.")
				continue
			}
			if err != nil {
				return nil, err
			}
			o.UserID = found.ID
		case !slices.ContainsFunc(roles, func(r access.Role) bool { return r.ID == in.RoleID }):
			fail("roleId", "unknown_role", "Role not found.")
			continue
		}
		if seen[o.RoleID+o.UserID] {
			fail("roleId", "duplicate", "This role or user occurs twice.")
		}
		seen[o.RoleID+o.UserID] = true
		checkNames(o, fail)
		if len(o.Allow)+len(o.Deny) > 0 {
			all = append(all, o)
		}
	}
	return all, errs.InvalidFields(wrong)
}

func sortedUnique(names []string) []string {
	sorted := slices.Sorted(slices.Values(names))
	return slices.Compact(sorted)
}

func checkNames(o access.Override, fail func(field, code, format string, args ...any)) {
	known := permission.ChannelPermissions
	for field, names := range map[string][]string{"allow": o.Allow, "deny": o.Deny} {
		for _, name := range names {
			if !slices.Contains(known, name) {
				fail(field, "unknown_permission", "%q is not a channel permission.", name)
			}
		}
	}
	for _, name := range o.Allow {
		if slices.Contains(o.Deny, name) {
			fail("deny", "contradiction", "%q is both allowed and denied.", name)
		}
	}
}

// Explained are the permissions of a member in a channel, with the reasons.
type Explained struct {
	Channel Channel
	Member  member.Member
	Rulings []Ruling // in the order of access.ChannelPermissions
}

// Ruling is the decision about one permission.
type Ruling struct {
	Permission string
	access.Decision
}

// Explain returns the permissions of a member in a channel and the rule that
// decides each. user is a reference as in directory.Find. It fails with NotFound
// "channel_not_found", also if the channel is hidden from the actor, or
// "user_not_found".
func (c *Chat) Explain(ctx context.Context, actor actor.Actor, communityID, channelID, user string) (Explained, error) {
	ch, err := c.Channel(ctx, actor, communityID, channelID)
	if err != nil {
		return Explained{}, err
	}
	found, err := c.members.Find(ctx, actor, communityID, user)
	if err != nil {
		return Explained{}, err
	}
	subject, err := c.access.ChannelActorOfMember(ctx, c.db, communityID, found.ID)
	return Explained{ch, found, Rulings(ch, subject)}, err
}

// Rulings decides every channel permission for the subject.
func Rulings(ch Channel, subject access.ChannelActor) []Ruling {
	var all []Ruling
	for _, permission := range permission.ChannelPermissions {
		all = append(all, Ruling{permission, subject.Resolve(ch.ID, ch.Overrides, permission)})
	}
	return all
}
