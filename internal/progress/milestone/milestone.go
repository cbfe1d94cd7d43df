// Package milestone has the milestones of communities: what members do for them, when, and
// what completing one pays. Package completion completes them.
package milestone

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/patch"
	"github.com/regulars/regulars/internal/text"
)

// Limits of milestones.
const (
	MaxMilestones  = 500 // of a community
	MaxName        = 100 // characters
	MaxGroup       = 50
	MaxDescription = 2_000
	maxOrder       = 1_000_000
	minTenths      = 11
	maxTenths      = 100
	maxHours       = 100 * 366 * 24
)

// Milestone is a milestone of a community.
type Milestone struct {
	ID          string
	Name        string
	Group       string // "": none
	Order       int64  // in the group
	Description string
	Conditions  condition.Node
	Reward      Reward
	Boost       Boost
	StartsAt    int64 // Unix milliseconds; 0: no start. Actions count from then on
	EndsAt      int64 // Unix milliseconds, the last one; 0: no end
	Enabled     bool

	Completed int64 // members
	Version   int64 // from 1
	CreatedAt int64 // Unix milliseconds
	ChangedAt int64 // Unix milliseconds; CreatedAt: never changed
	DeletedAt int64 // Unix milliseconds; 0: not deleted
}

// Reward is what completing a milestone pays.
type Reward struct {
	XP, Coins int64
	BadgeID   string // "": none
}

// Boost multiplies XP and coins.
type Boost struct {
	Tenths int64 // of the factor; 0: no boost
	Hours  int64 // from the start of a member; 0: always
}

// LiveSince returns since when the milestone can be completed as it is, in Unix
// milliseconds.
func (m *Milestone) LiveSince() int64 { return max(m.StartsAt, m.ChangedAt) }

// StartOf returns when a member begins, by the time of joining, in Unix milliseconds.
func (m *Milestone) StartOf(joinedAt int64) int64 { return max(m.StartsAt, joinedAt) }

// BoostEnd returns when the boost of a member ends, in Unix milliseconds; 0: never, or there
// is no boost.
func (m *Milestone) BoostEnd(joinedAt int64) int64 {
	if m.Boost.Tenths == 0 || m.Boost.Hours == 0 {
		return 0
	}
	return m.StartOf(joinedAt) + m.Boost.Hours*time.Hour.Milliseconds()
}

// Boosted reports whether a completion at a time is boosted.
func (m *Milestone) Boosted(joinedAt, at int64) bool {
	end := m.BoostEnd(joinedAt)
	return m.Boost.Tenths != 0 && (end == 0 || at < end)
}

// Pays returns what a completion pays.
func (m *Milestone) Pays(boosted bool) Reward {
	r := m.Reward
	if boosted {
		r.XP, r.Coins = r.XP*m.Boost.Tenths/10, r.Coins*m.Boost.Tenths/10
	}
	return r
}

// Live reports whether the milestone can be completed at a time.
func (m *Milestone) Live(at int64) bool {
	return m.Enabled && m.StartsAt <= at && !m.Ended(at)
}

// Ended reports whether a time is after the end.
func (m *Milestone) Ended(at int64) bool { return m.EndsAt != 0 && m.EndsAt < at }

// Input is a milestone in a request; nil leaves a part as it is.
type Input struct {
	Name             *string
	Group            *string
	Order            *int64
	Description      *string
	Conditions       json.RawMessage
	XP, Coins        *int64
	BadgeID          *string // "": none
	Boost            *Boost  // the zero Boost: none
	StartsAt, EndsAt *string // RFC 3339; "": none
	Enabled          *bool
}

// apply changes a milestone. It fails with Invalid "invalid_input" or "invalid_condition".
func (in *Input) apply(m *Milestone, fields []field.Field) error {
	patch.Set(&m.Name, in.Name)
	patch.Set(&m.Group, in.Group)
	patch.Set(&m.Order, in.Order)
	patch.Set(&m.Description, in.Description)
	patch.Set(&m.Reward.XP, in.XP)
	patch.Set(&m.Reward.Coins, in.Coins)
	patch.Set(&m.Reward.BadgeID, in.BadgeID)
	patch.Set(&m.Boost, in.Boost)
	patch.Set(&m.Enabled, in.Enabled)
	wrong := setTime(&m.StartsAt, in.StartsAt, "startsAt")
	wrong = append(wrong, setTime(&m.EndsAt, in.EndsAt, "endsAt")...)
	if err := errs.InvalidFields(append(wrong, m.wrong()...)); err != nil {
		return err
	}
	if in.Conditions == nil && m.Conditions.Operator != "" {
		return nil
	}
	var err error
	m.Conditions, err = condition.Decode(in.Conditions, "conditions", fields)
	return err
}

// Draft returns a milestone that is not stored, without a name. It fails as
// Milestones.Create does.
func (in Input) Draft(fields []field.Field) (Milestone, error) {
	name := "draft"
	in.Name = &name
	var m Milestone
	err := in.apply(&m, fields)
	return m, err
}

// setTime sets a time, to 0 for "".
func setTime(to *int64, given *string, name string) []errs.Field {
	if given == nil {
		return nil
	}
	if *to = 0; *given == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, *given)
	if err != nil || at.UnixMilli() <= 0 {
		return []errs.Field{errs.Wrong(name, "wrong_format", "Send an instant such as 2026-11-28T10:00:00.000Z.")}
	}
	*to = at.UnixMilli()
	return nil
}

// wrong returns the invalid parts, and normalises texts.
func (m *Milestone) wrong() (wrong []errs.Field) {
	var ok bool
	if m.Name, ok = text.Line(m.Name, MaxName); !ok || m.Name == "" {
		wrong = append(wrong, errs.Wrong("name", "invalid", "A name has 1 to %d characters.", MaxName))
	}
	if m.Group, ok = text.Line(m.Group, MaxGroup); !ok {
		wrong = append(wrong, errs.Wrong("group", "invalid", "A group has at most %d characters.", MaxGroup))
	}
	m.Description = strings.TrimSpace(strings.ReplaceAll(m.Description, "\r\n", "\n"))
	if utf8.RuneCountInString(m.Description) > MaxDescription || text.FirstUnreadable(m.Description, true) != 0 {
		wrong = append(wrong, errs.Wrong("description", "invalid", "A description has at most %d characters.", MaxDescription))
	}
	if m.Order < 0 || m.Order > maxOrder {
		wrong = append(wrong, errs.Wrong("order", "invalid", "The order is a whole number of 0 to %d.", maxOrder))
	}
	if m.StartsAt != 0 && m.EndsAt != 0 && m.EndsAt < m.StartsAt {
		wrong = append(wrong, errs.Wrong("endsAt", "invalid", "The end is not before the start."))
	}
	return append(wrong, m.wrongReward()...)
}

func (m *Milestone) wrongReward() (wrong []errs.Field) {
	if b := m.Boost; b != (Boost{}) && (b.Tenths < minTenths || b.Tenths > maxTenths) {
		wrong = append(wrong, errs.Wrong("boost.factor", "invalid", "The factor of a boost is 1.1 to 10, with one decimal."))
	}
	if m.Boost.Hours < 0 || m.Boost.Hours > maxHours {
		wrong = append(wrong, errs.Wrong("boost.withinHours", "invalid", "A boost lasts 1 to %d hours, or always.", maxHours))
	}
	boosted := m.Pays(m.Boost.Tenths > 0 && m.Boost.Tenths <= maxTenths)
	for _, one := range []struct {
		field         string
		amount, boost int64
	}{{"rewards.xp", m.Reward.XP, boosted.XP}, {"rewards.coins", m.Reward.Coins, boosted.Coins}} {
		if one.amount < 0 || one.amount > ledger.MaxAmount || one.boost > ledger.MaxAmount {
			wrong = append(wrong, errs.Wrong(one.field, "invalid", "A reward is 0 to %d, also after the boost.", int64(ledger.MaxAmount)))
		}
	}
	return wrong
}
