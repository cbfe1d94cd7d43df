package count

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// each calls add for each row of a query: a member and numbers.
func each(ctx context.Context, q sqldb.Querier, query string, args []any, add func(memberID string, a, b int64)) error {
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var a, b int64
		if err = s.Scan(&memberID, &a, &b); err == nil {
			add(memberID, a, b)
		}
		return none, err
	}, query, args...)
	return err
}

// inChannel is the condition that a message m is not of a conversation.
const inChannel = "EXISTS (SELECT 1 FROM channels c WHERE c.community_id = m.community_id AND c.id = m.channel_id)"

func addWritten(ctx context.Context, q sqldb.Querier, communityID string, ids []string, since int64, add adder) error {
	return each(ctx, q, `SELECT m.author_id, CAST(sum(CASE WHEN m.kind = 'reply' THEN 0 ELSE 1 END) AS BIGINT), CAST(sum(CASE WHEN m.kind = 'reply' THEN 1 ELSE 0 END) AS BIGINT)
		FROM messages m WHERE m.community_id = $1 AND `+q.Dialect().In("m.author_id", "$2")+" AND m.id >= $4 AND m.posted_at >= $3 AND m.deleted_at = 0 AND "+inChannel+" GROUP BY m.author_id",
		[]any{communityID, sqldb.Keys(ids), since, id.First(since)}, func(memberID string, messages, replies int64) {
			add(memberID, condition.Messages, messages)
			add(memberID, condition.Replies, replies)
		})
}

func addReactions(ctx context.Context, q sqldb.Querier, communityID string, ids []string, since int64, add adder) error {
	return each(ctx, q, `SELECT r.user_id, count(*), 0 FROM message_reactions r JOIN messages m ON m.community_id = r.community_id AND m.id = r.message_id
		WHERE r.community_id = $1 AND `+q.Dialect().In("r.user_id", "$2")+" AND r.reacted_at >= $3 AND m.deleted_at = 0 AND "+inChannel+" GROUP BY r.user_id",
		[]any{communityID, sqldb.Keys(ids), since}, func(memberID string, n, _ int64) { add(memberID, condition.Reactions, n) })
}

// addPresent adds visits and minutes from a day on.
func addPresent(ctx context.Context, q sqldb.Querier, communityID string, ids []string, day int64, add adder) error {
	return each(ctx, q, "SELECT user_id, CAST(sum(visits) AS BIGINT), CAST(sum(minutes) AS BIGINT) FROM "+q.Dialect().PerKey("presence_days", "user_id", "community_id = $1 AND day >= $3", "$2")+" GROUP BY user_id",
		[]any{communityID, sqldb.Keys(ids), day}, func(memberID string, visits, minutes int64) {
			add(memberID, condition.Visits, visits)
			add(memberID, condition.TimeSpent, minutes)
		})
}

// addStreaks adds the days of login streaks that reached the last of two days or the one
// before it; days before the first one do not count.
func addStreaks(ctx context.Context, q sqldb.Querier, communityID string, ids []string, first, last int64, counts Counts) error {
	return each(ctx, q, "SELECT user_id, streak, streak_day FROM "+q.Dialect().PerKey("member_presence", "user_id", "community_id = $1 AND streak_day >= $3", "$2"),
		[]any{communityID, sqldb.Keys(ids), max(last-1, first)}, func(memberID string, streak, end int64) {
			later := max(end-last, 0)
			counts.add(memberID, condition.VisitStreak, max(min(streak-later, end-later-first+1), 0))
		})
}

const holders = "FROM ledger_holders h JOIN "

// addEarned adds what members earned.
func addEarned(ctx context.Context, q sqldb.Querier, communityID string, ids, actions []string, counts Counts) error {
	for unit, action := range ofUnit {
		if !slices.Contains(actions, action) {
			continue
		}
		err := each(ctx, q, "SELECT h.user_id, CAST(sum(d.earned) AS BIGINT), 0 "+holders+`ledger_days d ON d.community_id = h.community_id AND d.holder = h.holder
			WHERE h.community_id = $1 AND `+q.Dialect().In("h.user_id", "$2")+" AND d.unit = $3 GROUP BY h.user_id",
			[]any{communityID, sqldb.Keys(ids), string(unit)}, func(memberID string, n, _ int64) { counts.add(memberID, action, n) })
		if err != nil {
			return err
		}
	}
	return nil
}

// addEarnedSince adds what members earned by facts from an instant on.
func addEarnedSince(ctx context.Context, q sqldb.Querier, communityID string, ids []string, unit ledger.Unit, since int64, add adder) error {
	return each(ctx, q, "SELECT h.user_id, CAST(sum(CASE WHEN (e.source_type = $5) = (e.amount < 0) THEN e.amount ELSE 0 END) AS BIGINT), 0 "+holders+`ledger_entries e ON e.community_id = h.community_id AND e.holder = h.holder
		WHERE h.community_id = $1 AND `+q.Dialect().In("h.user_id", "$2")+" AND e.unit = $3 AND e.id >= $7 AND e.occurred_at >= $4 AND e.source_type <> $6 GROUP BY h.user_id",
		[]any{communityID, sqldb.Keys(ids), string(unit), since, ledger.FromReversal, ledger.FromRefund, id.First(since)}, func(memberID string, n, _ int64) { add(memberID, ofUnit[unit], n) })
}

// MembersAfter returns the ids of active members after one, in their order.
func MembersAfter(ctx context.Context, q sqldb.Querier, communityID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND user_id > $2 AND state = 'active' ORDER BY user_id LIMIT $3", communityID, after, limit)
}

// Suspended returns those of some members who are suspended at a time, in Unix milliseconds.
func Suspended(ctx context.Context, q sqldb.Querier, communityID string, ids []string, now int64) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND suspended_until > $2 AND "+q.Dialect().In("user_id", "$3"), communityID, now, sqldb.Keys(ids))
}
