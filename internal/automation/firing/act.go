package firing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/progress/badge"
)

// act performs an action and returns the id of what it made or changed.
func (r *run) act(ctx context.Context, i int) (ref string, err error) {
	a := &r.automation.Actions[i]
	if a.Type == automation.Message {
		return r.send(ctx, i)
	}
	who := r.people.byID[r.occurrence.userID]
	if who.ID == "" || who.State != member.Active {
		return "", member.ErrUserNotFound()
	}
	switch a.Type {
	case automation.Grant:
		return r.grant(ctx, i)
	case automation.Role:
		return a.RoleID, r.assign(ctx, a)
	case automation.Tag:
		return a.TagID, r.tag(ctx, a)
	case automation.Field:
		return a.FieldID, r.change(ctx, a)
	case automation.Badge:
		return r.award(ctx, a)
	}
	return "", errs.New(errs.Invalid, "invalid_condition", "This action is not available.")
}

func (r *run) source() member.Source {
	return member.Source{Type: "automation", ID: r.automation.ID}
}

// send posts a message.
func (r *run) send(ctx context.Context, i int) (messageID string, err error) {
	text, err := r.automation.texts[i].Render(r.values)
	if err != nil {
		return "", errs.New(errs.Invalid, "message_failed", "A value of the message cannot be read.").Because(err)
	}
	m := post.Automatic{ChannelID: r.automation.Actions[i].ChannelID, Text: text, Template: r.automation.texts[i].Blank()}
	return r.f.d.Posts.SendAutomatic(ctx, r.tx, r.by, r.communityID, m)
}

// grant posts an entry. Its source is the firing, so it is posted once.
func (r *run) grant(ctx context.Context, i int) (entryID string, err error) {
	a, o := &r.automation.Actions[i], r.occurrence
	posted, err := r.f.d.Ledger.PostOne(ctx, r.tx, r.communityID, ledger.Post{
		UserID: o.userID, Unit: a.Unit, Amount: a.Amount, Reason: a.Reason, OccurredAt: o.OccurredAt,
		Source: ledger.Source{Type: ledger.FromAutomation, ID: r.automation.ID + ":" + o.ID, Part: int64(i)},
	})
	return posted.Entry.ID, err
}

// assign adds or removes a role.
func (r *run) assign(ctx context.Context, a *automation.Action) error {
	role, err := access.RoleByID(ctx, r.tx, r.communityID, a.RoleID)
	if err != nil {
		return err
	}
	if err := automation.CheckRole(role); err != nil {
		return err
	}
	who, err := member.LockMember(ctx, r.tx, r.communityID, r.occurrence.userID)
	if err != nil || slices.Contains(who.RoleIDs, role.ID) == (a.Op == automation.Add) {
		return err
	}
	remove, add := role, access.Role{}
	if a.Op == automation.Add {
		remove, add = add, remove
	}
	return assign.Exchange(ctx, r.tx, r.by, r.communityID, remove, add, []*member.Record{who}, r.source(), r.f.d.Clock.MS())
}

// edit changes the member.
func (r *run) edit(ctx context.Context, do func(e *member.Edit) error) error {
	may, err := member.AuthorityOf(ctx, r.tx, r.by, r.communityID)
	if err != nil {
		return err
	}
	e, err := member.BeginEdit(ctx, r.tx, may, r.communityID, r.occurrence.userID, r.f.d.Clock)
	if err != nil {
		return err
	}
	e.Source = r.source()
	if err := do(e); err != nil {
		return err
	}
	_, err = e.Finish(ctx, r.tx)
	return err
}

// tag adds or removes a tag.
func (r *run) tag(ctx context.Context, a *automation.Action) error {
	return r.edit(ctx, func(e *member.Edit) error { return assign.Tag(e, a.TagID, a.Op == automation.Add) })
}

// change changes a custom field.
func (r *run) change(ctx context.Context, a *automation.Action) error {
	return r.edit(ctx, func(e *member.Edit) error {
		f := field.Find(e.Fields, a.FieldID)
		if f == nil {
			return errs.Missing("field")
		}
		value, err := automation.Decode(a.Value)
		if err != nil {
			return err
		}
		if a.Op != automation.Set {
			if value, err = sum(e.Member.Get(f), value, a.Op == automation.Subtract); err != nil {
				return err
			}
		}
		return e.ApplyAll(ctx, r.tx, []member.FieldValue{{Field: f.ID, Value: value}})
	})
}

// sum adds a number to the value of a field, nil: 0, or subtracts it.
func sum(present, by any, subtract bool) (any, error) {
	if present == nil {
		present = "0"
	}
	value, err := decimal.NewFromString(fmt.Sprint(present))
	if err != nil {
		return nil, errs.New(errs.Invalid, "invalid_number", "The value of the field is not a number.")
	}
	other, err := decimal.NewFromString(fmt.Sprint(by))
	if err != nil {
		return nil, errs.New(errs.Invalid, "invalid_number", "The value of the action is not a number.")
	}
	if subtract {
		other = other.Neg()
	}
	return json.Number(value.Add(other).String()), nil
}

// award awards a badge; a member who has it keeps the first award.
func (r *run) award(ctx context.Context, a *automation.Action) (badgeID string, err error) {
	b, err := badge.Load(ctx, r.tx, r.communityID, a.BadgeID)
	if err != nil {
		return "", err
	}
	subject, err := r.f.d.Access.ChannelActorOfMember(ctx, r.tx, r.communityID, r.occurrence.userID)
	if err != nil {
		return "", err
	}
	if subject.FixedRule == access.RuleSuspended {
		return "", errs.New(errs.Forbidden, "member_suspended", "The member is suspended: no rewards and no spending.")
	}
	_, err = r.f.d.Awards.AwardOne(ctx, r.tx, r.by, r.communityID, b, r.occurrence.userID)
	return b.ID, err
}
