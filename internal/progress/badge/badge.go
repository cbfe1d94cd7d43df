// Package badge has the badges of communities: what they look like, when they are
// awarded and what they pay. Packages above award them.
package badge

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/patch"
	"github.com/regulars/regulars/internal/text"
)

// Actions besides those that are counted.
const (
	Custom       = "custom"     // members apply, or others award
	ByConditions = "conditions" // several conditions
)

// counted are the actions of badges that are counted.
var counted = []string{condition.Messages, condition.Replies, condition.Reactions, condition.VisitStreak}

// Actions are all actions of badges.
var Actions = slices.Concat([]string{Custom}, counted, []string{ByConditions})

// Limits of badges.
const (
	MaxBadges      = 500 // of a community
	MaxTitle       = 100 // characters
	MaxDescription = 2_000
	MaxQuantity    = 999
	maxReward      = 1_000_000_000_000
)

// Badge is a badge of a community.
type Badge struct {
	ID          string
	Title       string
	Action      string         // one of Actions
	Quantity    int64          // of an action that is counted
	Conditions  condition.Node // of ByConditions
	Description string
	Images
	PaysXP             bool
	XP                 int64
	PaysCoins          bool
	Coins              int64
	AttachmentRequired bool // of an application

	Awarded    int64 // members that have it
	Evaluation Evaluation
	Version    int64 // from 1
	CreatedAt  int64 // Unix milliseconds
	ChangedAt  int64 // last change of the conditions, Unix milliseconds; CreatedAt: none
	DeletedAt  int64 // Unix milliseconds; 0: not deleted
}

// Images are the pictures of a badge, by their ids; "": none.
type Images struct {
	Image, Dark, Light string
	ByTheme            bool // the theme of the reader decides between Dark and Light
}

// States of evaluations.
const (
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// Evaluation is the last check of all members.
type Evaluation struct {
	State      string // "": there was none
	Checked    int64  // members
	Awarded    int64  // members
	After      string // the last checked member
	StartedAt  int64  // Unix milliseconds
	FinishedAt int64  // Unix milliseconds; 0: running
}

// Reward is what an award pays.
type Reward struct{ XP, Coins int64 }

// Reward returns what awards of the badge pay.
func (b *Badge) Reward() (r Reward) {
	if b.PaysXP {
		r.XP = b.XP
	}
	if b.PaysCoins {
		r.Coins = b.Coins
	}
	return r
}

// IsAutomatic reports whether members get the badge by what they do.
func (b *Badge) IsAutomatic() bool { return b.Action != Custom }

// Needs returns the conditions of an automatic badge.
func (b *Badge) Needs() condition.Node {
	if b.Action == ByConditions {
		return b.Conditions
	}
	return condition.Reaching(b.Action, b.Quantity)
}

// ComparesFields reports whether a condition of an automatic badge compares a field.
func (b *Badge) ComparesFields() bool {
	needs := b.Needs()
	return len(needs.FieldIDs()) > 0
}

// Input is a badge in a request; nil leaves a part as it is.
type Input struct {
	Title              *string
	Action             *string
	Quantity           *int64
	Conditions         json.RawMessage
	Description        *string
	Image, Dark, Light *string   // the id of an upload, an https address, the present address, or ""
	Upload             io.Reader // the file of Image in place of an id; nil: none
	ByTheme            *bool
	PaysXP             *bool
	XP                 *int64
	PaysCoins          *bool
	Coins              *int64
	AttachmentRequired *bool
}

// apply changes a badge but for its pictures. It fails with Invalid "invalid_input" or
// "invalid_condition".
func (in *Input) apply(b *Badge, fields []field.Field) error {
	patch.Set(&b.Title, in.Title)
	patch.Set(&b.Action, in.Action)
	patch.Set(&b.Quantity, in.Quantity)
	patch.Set(&b.Description, in.Description)
	patch.Set(&b.ByTheme, in.ByTheme)
	patch.Set(&b.PaysXP, in.PaysXP)
	patch.Set(&b.XP, in.XP)
	patch.Set(&b.PaysCoins, in.PaysCoins)
	patch.Set(&b.Coins, in.Coins)
	patch.Set(&b.AttachmentRequired, in.AttachmentRequired)
	if err := errs.InvalidFields(b.wrong()); err != nil {
		return err
	}
	if !slices.Contains(Actions, b.Action) {
		return errs.New(errs.Invalid, "invalid_condition", "The action of the badge is not available.").
			WithFields(errs.Wrong("action", "not_allowed", "An action is one of %s.", strings.Join(Actions, ", ")))
	}
	if b.Action != ByConditions {
		b.Conditions = condition.Node{}
		return nil
	}
	if in.Conditions == nil && b.Conditions.Operator != "" {
		return nil
	}
	var err error
	b.Conditions, err = condition.Decode(in.Conditions, "conditions", fields)
	return err
}

// Draft returns a badge that is not stored, without a title and pictures. It fails as
// Badges.Create does.
func (in Input) Draft(fields []field.Field) (Badge, error) {
	in.Title = nil
	b := Badge{Title: "draft"}
	err := in.apply(&b, fields)
	return b, err
}

// wrong returns the invalid parts, and normalises texts.
func (b *Badge) wrong() (wrong []errs.Field) {
	title, ok := text.Line(b.Title, MaxTitle)
	if !ok || title == "" {
		wrong = append(wrong, errs.Wrong("title", "invalid", "A title has 1 to %d characters.", MaxTitle))
	}
	b.Title = title
	b.Description = strings.TrimSpace(strings.ReplaceAll(b.Description, "\r\n", "\n"))
	if utf8.RuneCountInString(b.Description) > MaxDescription || text.FirstUnreadable(b.Description, true) != 0 {
		wrong = append(wrong, errs.Wrong("description", "invalid", "A description has at most %d characters.", MaxDescription))
	}
	least := int64(0)
	if slices.Contains(counted, b.Action) {
		least = 1
	}
	if b.Quantity < least || b.Quantity > MaxQuantity {
		wrong = append(wrong, errs.Wrong("quantity", "invalid", "The quantity of this action is %d to %d.", least, MaxQuantity))
	}
	for _, one := range []struct {
		field  string
		pays   bool
		amount int64
	}{{"awardXpQuantity", b.PaysXP, b.XP}, {"awardCurrencyQuantity", b.PaysCoins, b.Coins}} {
		if one.amount < 0 || one.amount > maxReward || one.pays && one.amount == 0 {
			wrong = append(wrong, errs.Wrong(one.field, "invalid", "A reward is 1 to %d, or 0 if the badge does not pay it.", int64(maxReward)))
		}
	}
	return wrong
}
