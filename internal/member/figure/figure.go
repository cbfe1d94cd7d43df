// Package figure reads what members have done in a community: messages, reactions,
// visits, time. Others count it.
package figure

import (
	"context"
	"fmt"

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
}

// Value returns the figure of one of field.Figures: an int64 or a bool.
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
	}
	return nil
}

// Texts returns the values of field.Figures as texts.
func (f Figures) Texts() []string {
	texts := make([]string, len(field.Figures))
	for i, name := range field.Figures {
		texts[i] = fmt.Sprint(f.Value(name))
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
