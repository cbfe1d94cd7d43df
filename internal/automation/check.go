package automation

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// check is the examination of a new version of an automation. It normalises what it
// examines.
type check struct {
	s           *Automations
	tx          *sqldb.Tx
	caller      actor.Actor
	communityID string
	before      Automation // zero: new
	after       *Automation
	scope       expression.Scope
	power       *access.Authority // of the caller, once it is needed
	wrong       []errs.Field      // invalid parts
	unmet       []errs.Field      // parts that make it impossible: invalid_condition
}

func (c *check) reject(at, code, format string, args ...any) {
	c.wrong = append(c.wrong, errs.Wrong(at, code, format, args...))
}

func (c *check) refuse(at, code, format string, args ...any) {
	c.unmet = append(c.unmet, errs.Wrong(at, code, format, args...))
}

// run examines the automation. It fails with Invalid "invalid_input", "invalid_condition" or
// "role_not_allowed", Forbidden "missing_permission" or "rank_too_low", or NotFound.
func (c *check) run(ctx context.Context) error {
	fields, err := field.List(ctx, c.tx, c.communityID)
	if err != nil {
		return err
	}
	c.scope.Fields = fields
	c.plain()
	if len(c.unmet) == 0 { // the event is known
		c.condition()
	}
	for i := range c.after.Actions {
		if err := c.action(ctx, i); err != nil {
			return err
		}
	}
	if err := errs.InvalidFields(c.wrong); err != nil {
		return err
	}
	if len(c.unmet) > 0 {
		return errs.New(errs.Invalid, "invalid_condition", "The automation cannot work. Correct the parts that are named.").WithFields(c.unmet...)
	}
	return nil
}

// plain examines the parts of the automation besides the expressions.
func (c *check) plain() {
	a := c.after
	name, ok := text.Line(a.Name, MaxName)
	if a.Name = name; !ok || name == "" {
		c.reject("name", "invalid", "A name has 1 to %d characters on one line.", MaxName)
	}
	for _, one := range []struct {
		field string
		value int64
	}{{"perMember", a.PerMember}, {"perDay", a.PerDay}} {
		if one.value < 0 || one.value > MaxFirings {
			c.reject(one.field, "invalid", "A limit is 1 to %d.", int64(MaxFirings))
		}
	}
	if len(a.Actions) == 0 || len(a.Actions) > MaxActions {
		c.reject("actions", "invalid", "An automation has 1 to %d actions.", MaxActions)
	}
	at := slices.IndexFunc(c.s.d.Types, func(t event.Type) bool { return t.Name == a.Event })
	if at < 0 {
		c.refuse("trigger.event", "not_allowed", "There is no event type %q.", a.Event)
		return
	}
	c.scope.Event = c.s.d.Types[at]
	if a.IncludeImports && a.Event != member.EventJoined {
		c.reject("trigger.includeImports", "not_allowed", "Only %s has imports.", member.EventJoined)
	}
}

func (c *check) condition() {
	c.after.Condition = strings.TrimSpace(strings.ReplaceAll(c.after.Condition, "\r\n", "\n"))
	if text.FirstUnreadable(c.after.Condition, true) != 0 {
		c.refuse("condition", "invalid", "A condition has no control characters.")
		return
	}
	_, problem := expression.Compile(c.after.Condition, c.scope)
	c.expression("condition", problem)
}

// expression refuses the problem of an expression, if it has one.
func (c *check) expression(at string, problem *expression.Problem) {
	switch {
	case problem == nil:
	case problem.Line == 0:
		c.refuse(at, "invalid", "The expression is invalid: %s.", problem.Message)
	default:
		c.refuse(at, "invalid", "The expression is invalid at line %d, column %d: %s.", problem.Line, problem.Column, problem.Message)
	}
}

// action examines an action and clears the parts that its type does not have.
func (c *check) action(ctx context.Context, i int) error {
	a, at := &c.after.Actions[i], fmt.Sprintf("actions[%d].", i)
	if !slices.Contains(Types, a.Type) {
		c.refuse(at+"type", "not_allowed", "An action is one of %s.", strings.Join(Types, ", "))
		return nil
	}
	if c.scope.Event.Name != "" && !c.scope.HasMember() && a.Type != Message {
		c.refuse(at+"type", "not_allowed", "Events of this type have no member: only messages can follow.")
	}
	given := *a
	*a = Action{Type: given.Type}
	switch a.Type {
	case Grant:
		a.Unit, a.Amount, a.Reason = given.Unit, given.Amount, given.Reason
		c.grant(a, at)
	case Role:
		a.RoleID, a.Op = given.RoleID, given.Op
		return c.role(ctx, a, at)
	case Tag:
		a.TagID, a.Op = given.TagID, given.Op
		return c.tag(ctx, a, at)
	case Field:
		a.FieldID, a.Op, a.Value = given.FieldID, given.Op, given.Value
		return c.field(a, at)
	case Badge:
		a.BadgeID = given.BadgeID
		_, err := badge.Load(ctx, c.tx, c.communityID, a.BadgeID)
		return err
	case Message:
		a.ChannelID, a.Message = given.ChannelID, given.Message
		return c.message(ctx, a, at)
	}
	return nil
}

func (c *check) grant(a *Action, at string) {
	if !slices.Contains(ledger.Units, a.Unit) {
		c.reject(at+"unit", "not_allowed", "A unit is xp, coins or premium.")
	}
	if a.Amount == 0 || a.Amount > ledger.MaxAmount || a.Amount < -ledger.MaxAmount {
		c.reject(at+"amount", "invalid", "An amount is a whole number of 1 to %d, or less than 0 for a debit.", int64(ledger.MaxAmount))
	}
	reason, ok := text.Line(a.Reason, MaxReason)
	if a.Reason = reason; !ok || reason == "" {
		c.reject(at+"reason", "invalid", "A reason has 1 to %d characters on one line.", MaxReason)
	}
}

// op examines an operation.
func (c *check) op(a *Action, at string, allowed ...string) {
	if !slices.Contains(allowed, a.Op) {
		c.reject(at+"op", "not_allowed", "An operation is one of %s.", strings.Join(allowed, ", "))
	}
}

// role examines an action with a role. The caller has to be allowed to assign a role that
// is new in the automation.
func (c *check) role(ctx context.Context, a *Action, at string) error {
	c.op(a, at, Add, Remove)
	role, err := access.RoleByID(ctx, c.tx, c.communityID, a.RoleID)
	if err != nil {
		return err
	}
	if err := CheckRole(role); err != nil {
		return err
	}
	if slices.ContainsFunc(c.before.Actions, func(b Action) bool { return b.Type == Role && b.RoleID == a.RoleID && b.Op == a.Op }) {
		return nil
	}
	if c.power == nil {
		power, err := access.AuthorityOf(ctx, c.tx, member.Memberships{}, c.caller, c.communityID)
		if err != nil {
			return err
		}
		if err := power.Require(permission.ManageRoles, c.s.d.Clock.MS()); err != nil {
			return err
		}
		c.power = &power
	}
	return c.power.MayChangeRole(access.Role{}, role)
}

// CheckRole returns Invalid "role_not_allowed" for a role that automations do not assign.
func CheckRole(role access.Role) error {
	if role.Everyone || role.GrantsServerPermission() {
		return errs.New(errs.Invalid, "role_not_allowed", "An automation cannot assign the role %q: choose one without server permissions.", role.Title)
	}
	return nil
}

func (c *check) tag(ctx context.Context, a *Action, at string) error {
	c.op(a, at, Add, Remove)
	names, err := member.LoadNames(ctx, c.tx, c.communityID)
	if err != nil {
		return err
	}
	found := names.FindTag(strings.TrimSpace(a.TagID))
	if found == "" {
		return errs.Missing("tag")
	}
	a.TagID = found
	return nil
}

func (c *check) field(a *Action, at string) error {
	c.op(a, at, Set, Add, Subtract)
	f := field.Find(c.scope.Fields, a.FieldID)
	if f == nil {
		return errs.Missing("field")
	}
	a.FieldID = f.ID
	if f.Default || f.Identifier {
		c.reject(at+"fieldId", "not_allowed", "An automation sets custom fields that identify no member.")
		return nil
	}
	value, err := Decode(a.Value)
	if err != nil {
		c.reject(at+"value", "invalid", "A value is JSON.")
		return nil
	}
	if a.Op != Set && f.Type != field.Numerical {
		c.reject(at+"op", "not_allowed", "Only numerical fields can be added to.")
	}
	if member.Empty(value) {
		if a.Op != Set || f.Required {
			c.reject(at+"value", "required", "Set a value.")
		}
		a.Value = nil
		return nil
	}
	if _, problem := f.FromJSON(value); problem != nil {
		c.wrong = append(c.wrong, problem.At(at+"value"))
	}
	return nil
}

// Decode returns the value of an action as JSON decodes it, with numbers as they are
// written; nil without one.
func Decode(raw json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(cmpOr(raw, json.RawMessage("null"))))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func cmpOr(raw, other json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return other
	}
	return raw
}

func (c *check) message(ctx context.Context, a *Action, at string) error {
	in, err := chat.Load(ctx, c.tx, c.communityID, a.ChannelID)
	if err != nil {
		return err
	}
	if in.Type == chat.Forum {
		c.reject(at+"channelId", "not_allowed", "A message needs a channel without topics.")
	}
	a.Message = text.Trim(strings.ReplaceAll(a.Message, "\r\n", "\n"))
	switch n := len([]rune(a.Message)); {
	case n == 0 || n > MaxMessage || text.FirstUnreadable(a.Message, true) != 0:
		c.reject(at+"message", "invalid", "A message has 1 to %d characters.", MaxMessage)
	case c.scope.Event.Name != "":
		_, problem := expression.CompileText(a.Message, c.scope)
		c.expression(at+"message", problem)
	}
	return nil
}

// lock makes the roles of the community stay until the transaction ends.
func (c *check) lock(ctx context.Context) error {
	return cmp.Or(c.tx.LockExclusive(ctx, "automations "+c.communityID), c.tx.LockShared(ctx, assign.RolesGuard(c.communityID)))
}
