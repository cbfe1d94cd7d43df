// Package figure reads what members have done in a community: messages, reactions,
// visits, time. Others count it.
package figure

import (
	"context"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Figures are what a member has done in a community. Conversations do not count.
type Figures struct {
	Messages    int64 // without replies
	Replies     int64
	Reactions   int64 // to messages of all members
	Visits      int64
	Minutes     int64 // with a sign of the member
	LoginStreak int64 // consecutive days with a visit, until today or yesterday
	Online      bool
	SeenAt      int64 // Unix milliseconds; 0: never

	XP, Coins, Premium  int64 // balances
	XPToday, CoinsToday int64 // earned on the present day of the community

	Rewards // set by directory.Directory
}

// Rewards are the tier and the badges of a member.
type Rewards struct {
	Tier   Tier    // the zero Tier: below the first threshold
	Badges []Badge // the newest MaxBadges, the newest one first
}

// MaxBadges is the maximum of Rewards.Badges.
const MaxBadges = 20

// Tier is a level of a tier.
type Tier struct {
	_     struct{} `nullable:"true"`
	ID    string   `json:"_id"`
	Name  string   `json:"name"`
	Level int64    `json:"level"`
}

// Badge is a badge of a member.
type Badge struct {
	ID    string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Title string `json:"title" example:"Helper"`
}

// Titles returns the titles of the badges.
func (r Rewards) Titles() []string {
	titles := make([]string, len(r.Badges))
	for i, one := range r.Badges {
		titles[i] = one.Title
	}
	return titles
}

// Value returns the figure of one of field.EarnedFields: an int64, a bool, the name of the
// tier, or the titles of the badges.
func (f Figures) Value(name string) any {
	switch name {
	case field.TotalMessages:
		return f.Messages
	case field.ReplySent:
		return f.Replies
	case field.TotalReactions:
		return f.Reactions
	case field.VisitCount:
		return f.Visits
	case field.TimeSpent:
		return f.Minutes
	case field.LoginStreak:
		return f.LoginStreak
	case field.XP:
		return f.XP
	case field.Coins:
		return f.Coins
	case field.PremiumCurrency:
		return f.Premium
	case field.XPEarnedToday:
		return f.XPToday
	case field.CoinsEarnedToday:
		return f.CoinsToday
	case field.IsOnline:
		return f.Online
	case field.Tier:
		return f.Tier.Name
	case field.Badge:
		return f.Titles()
	}
	return nil
}

// Texts returns the values of field.EarnedFields as cells of a file, names through escape.
func (f Figures) Texts(escape func(string) string) []string {
	fields := field.EarnedFields()
	texts := make([]string, len(fields))
	for i := range fields {
		switch value := f.Value(fields[i].Field).(type) {
		case string:
			texts[i] = escape(value)
		case []string:
			texts[i] = escape(strings.Join(value, ","))
		default:
			texts[i] = fmt.Sprint(value)
		}
	}
	return texts
}

// Moment is the time at which figures are read: some depend on it.
type Moment struct {
	Today int64 // number of the day in the zone of the community
	MS    int64 // Unix milliseconds
}

// Now returns the Moment in the time zone of a community.
func Now(ctx context.Context, q sqldb.Querier, c clock.Clock, communityID string) (Moment, error) {
	home, err := community.Load(ctx, q, communityID)
	now := c.Now()
	return Moment{Today: home.Day(now), MS: now.UnixMilli()}, err
}

// Of returns the figures of members by their ids.
func Of(ctx context.Context, q sqldb.Querier, at Moment, communityID string, ids []string) (map[string]Figures, error) {
	return selectFigures(ctx, q, at, communityID, ids)
}
