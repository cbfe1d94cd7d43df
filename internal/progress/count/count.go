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

// adder takes a number of an action of a member.
type adder func(memberID, action string, n int64)

// ofUnit is the action of what is earned of a unit.
var ofUnit = map[ledger.Unit]string{ledger.XP: condition.XPEarned, ledger.Coins: condition.CoinsEarned}

// Span is a part of the time, in Unix milliseconds. The zero Span is all of it.
type Span struct {
	From  int64 // included; 0: since members joined
	Until int64 // included; 0: now
}

// Of returns what members have done in a span. Actions that are not asked for may be
// absent. What exists counts by its own time; visits and minutes count by days of the
// community: those of From and Until count as a whole.
func Of(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids, actions []string, span Span) (Counts, error) {
	counts := Counts{}
	home, err := community.Load(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	first, last := int64(0), at.Today
	if span.From != 0 {
		first = home.Day(time.UnixMilli(span.From))
		err = addSince(ctx, q, communityID, ids, actions, span.From, first, counts.add)
	} else {
		err = addTotals(ctx, q, at, communityID, ids, actions, counts)
	}
	if err != nil {
		return nil, err
	}
	if span.Until != 0 {
		last = home.Day(time.UnixMilli(span.Until))
		subtract := func(memberID, action string, n int64) { counts.add(memberID, action, -n) }
		if err := addSince(ctx, q, communityID, ids, actions, span.Until+1, last+1, subtract); err != nil {
			return nil, err
		}
	}
	if slices.Contains(actions, condition.VisitStreak) {
		err = addStreaks(ctx, q, communityID, ids, first, last, counts)
	}
	return counts, err
}

// addTotals adds what members have done since they joined, without streaks.
func addTotals(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids, actions []string, counts Counts) error {
	found, err := figure.Of(ctx, q, at, communityID, ids)
	if err != nil {
		return err
	}
	for memberID, f := range found {
		counts[memberID] = map[string]int64{
			condition.Messages: f.Messages, condition.Replies: f.Replies, condition.Reactions: f.Reactions,
			condition.Visits: f.Visits, condition.TimeSpent: f.Minutes,
		}
	}
	return addEarned(ctx, q, communityID, ids, actions, counts)
}

// addSince passes what members have done from an instant on, and from a day on what is
// counted by days. Streaks are left out.
func addSince(ctx context.Context, q sqldb.Querier, communityID string, ids, actions []string, since, day int64, add adder) error {
	for _, part := range []struct {
		actions []string
		read    func() error
	}{
		{[]string{condition.Messages, condition.Replies}, func() error { return addWritten(ctx, q, communityID, ids, since, add) }},
		{[]string{condition.Reactions}, func() error { return addReactions(ctx, q, communityID, ids, since, add) }},
		{[]string{condition.Visits, condition.TimeSpent}, func() error { return addPresent(ctx, q, communityID, ids, day, add) }},
		{[]string{condition.XPEarned}, func() error { return addEarnedSince(ctx, q, communityID, ids, ledger.XP, since, add) }},
		{[]string{condition.CoinsEarned}, func() error { return addEarnedSince(ctx, q, communityID, ids, ledger.Coins, since, add) }},
	} {
		if !slices.ContainsFunc(part.actions, func(a string) bool { return slices.Contains(actions, a) }) {
			continue
		}
		if err := part.read(); err != nil {
			return err
		}
	}
	return nil
}

// Values returns what conditions on members are evaluated with, by member. Fields have
// their present values in any span.
func Values(ctx context.Context, q sqldb.Querier, at figure.Moment, communityID string, ids []string, conditions []condition.Node, span Span) (map[string]condition.Values, error) {
	var actions, fieldIDs []string
	for i := range conditions {
		actions, fieldIDs = append(actions, conditions[i].Actions()...), append(fieldIDs, conditions[i].FieldIDs()...)
	}
	counts, err := Of(ctx, q, at, communityID, ids, actions, span)
	if err != nil {
		return nil, err
	}
	values := make(map[string]condition.Values, len(ids))
	for _, memberID := range ids {
		values[memberID] = condition.Values{Counts: counts[memberID], Fields: map[string]any{}}
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
