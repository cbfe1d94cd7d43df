// Package count reads what members have done, for the conditions of badges, milestones
// and streaks.
package count

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sqldb"
)

// Counts are what members have done, by member and action. Conversations do not count.
type Counts map[string]map[string]int64

// add adds to a count.
func (c Counts) add(memberID, action string, n int64) {
	if c[memberID] == nil {
		c[memberID] = map[string]int64{}
	}
	c[memberID][action] += n
}

// ofUnit is the action of what is earned of a unit.
var ofUnit = map[ledger.Unit]string{ledger.XP: condition.XPEarned, ledger.Coins: condition.CoinsEarned}

// Of returns what members have done since they joined. Actions that are not asked for may
// be absent.
func Of(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids, actions []string) (Counts, error) {
	found, err := figure.Of(ctx, q, at, communityID, ids)
	if err != nil {
		return nil, err
	}
	counts := make(Counts, len(ids))
	for memberID, f := range found {
		counts[memberID] = map[string]int64{
			condition.Messages: f.Messages, condition.Replies: f.Replies, condition.Reactions: f.Reactions,
			condition.Visits: f.Visits, condition.VisitStreak: f.LoginStreak, condition.TimeSpent: f.Minutes,
		}
	}
	if slices.Contains(actions, condition.XPEarned) || slices.Contains(actions, condition.CoinsEarned) {
		err = addEarned(ctx, q, communityID, ids, counts)
	}
	return counts, err
}

// Dated are the actions that Since counts. Visits and minutes are stored as totals only.
var Dated = []string{condition.Messages, condition.Replies, condition.Reactions, condition.VisitStreak, condition.XPEarned, condition.CoinsEarned}

// Since returns what members have done from an instant on, in Unix milliseconds, by the
// times of what exists. It counts the actions of Dated.
func Since(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids []string, since int64) (Counts, error) {
	home, err := community.Load(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	counts := Counts{}
	if err := addWritten(ctx, q, communityID, ids, since, counts); err != nil {
		return nil, err
	}
	if err := addReactions(ctx, q, communityID, ids, since, counts); err != nil {
		return nil, err
	}
	if err := addStreaks(ctx, q, at, communityID, ids, home.Day(time.UnixMilli(since)), counts); err != nil {
		return nil, err
	}
	return counts, addEarnedSince(ctx, q, communityID, ids, since, counts)
}

// Values returns what conditions on members are evaluated with, by member.
func Values(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids []string, conditions []condition.Node) (map[string]condition.Values, error) {
	var actions, fieldIDs []string
	for i := range conditions {
		actions, fieldIDs = append(actions, conditions[i].Actions()...), append(fieldIDs, conditions[i].FieldIDs()...)
	}
	counts, err := Of(ctx, q, at, communityID, ids, actions)
	if err != nil {
		return nil, err
	}
	values := make(map[string]condition.Values, len(counts))
	for memberID, one := range counts {
		values[memberID] = condition.Values{Counts: one, Fields: map[string]any{}}
	}
	if len(fieldIDs) > 0 {
		err = addFields(ctx, q, communityID, ids, fieldIDs, values)
	}
	return values, err
}

// addFields adds the values of some fields.
func addFields(ctx context.Context, q sqldb.Querier, communityID string, ids, fieldIDs []string, values map[string]condition.Values) error {
	fields, err := field.List(ctx, q, communityID)
	if err != nil {
		return err
	}
	records, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: ids}, false)
	if err != nil {
		return err
	}
	for _, fieldID := range fieldIDs {
		f := field.Find(fields, fieldID)
		if f == nil {
			continue // deleted
		}
		for _, who := range records {
			if value := who.Get(f); value != nil && values[who.ID].Fields != nil {
				values[who.ID].Fields[fieldID] = value
			}
		}
	}
	return nil
}
