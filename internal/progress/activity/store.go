package activity

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// dayOf is the day of a member.
type dayOf struct {
	userID string
	day    int64
}

// earnedOf returns what members earned on the days between two, both included, never below 0.
func earnedOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string, first, last int64) (map[dayOf]Earned, error) {
	found := map[dayOf]Earned{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var key dayOf
		var unit ledger.Unit
		var amount int64
		if err := s.Scan(&key.userID, &unit, &key.day, &amount); err != nil {
			return none, err
		}
		e := found[key]
		if amount = max(amount, 0); unit == ledger.XP {
			e.XP = amount
		} else {
			e.Coins = amount
		}
		found[key] = e
		return none, nil
	}, `SELECT h.user_id, d.unit, d.day, d.earned FROM ledger_holders h JOIN ledger_days d ON d.community_id = h.community_id AND d.holder = h.holder AND d.unit IN ('coins', 'xp')
		WHERE h.community_id = $1 AND `+q.Dialect().In("h.user_id", "$2")+" AND d.day BETWEEN $3 AND $4", communityID, sqldb.Keys(userIDs), first, last)
	return found, err
}

// slot is what a member did in a quarter of an hour. The days of all zones begin with one.
type slot struct {
	at int64 // start, Unix milliseconds
	Counts
}

// written returns the existing messages, replies and reactions of a member from a time to
// another one, by slots; conversations are left out.
func written(ctx context.Context, q sqldb.Querier, communityID, userID string, from, to int64) ([]slot, error) {
	const length = 15 * 60 * 1000
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (one slot, err error) {
		var number int64
		err = s.Scan(&number, &one.Messages, &one.Replies, &one.Reactions)
		one.at = number * length
		return one, err
	}, fmt.Sprintf(`SELECT m.posted_at / %[1]d, SUM(CASE WHEN m.kind = 'message' THEN 1 ELSE 0 END), SUM(CASE WHEN m.kind = 'reply' THEN 1 ELSE 0 END), 0
		FROM messages m JOIN channels c ON c.community_id = m.community_id AND c.id = m.channel_id
		WHERE m.community_id = $1 AND m.author_id = $2 AND m.id >= $5 AND m.posted_at >= $3 AND m.posted_at < $4 AND m.deleted_at = 0 GROUP BY m.posted_at / %[1]d
		UNION ALL SELECT r.reacted_at / %[1]d, 0, 0, COUNT(*)
		FROM message_reactions r JOIN messages m ON m.community_id = r.community_id AND m.id = r.message_id JOIN channels c ON c.community_id = m.community_id AND c.id = m.channel_id
		WHERE r.community_id = $1 AND r.user_id = $2 AND r.reacted_at >= $3 AND r.reacted_at < $4 GROUP BY r.reacted_at / %[1]d`, length),
		communityID, userID, from, to, id.First(from))
}

// logQuery selects entries of a holder.
type logQuery struct {
	communityID, holder string
	filter              Filter
	from, to            int64 // Unix milliseconds; 0: open
}

func (l *logQuery) filtered() bool { return l.filter.Source != "" || l.from != 0 || l.to != 0 }

// conditions are those on entries of a unit, with their arguments.
func (l *logQuery) conditions() (where string, args []any) {
	args = []any{l.communityID, l.holder}
	add := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(condition, len(args))
	}
	if l.filter.Source != "" {
		add(" AND e.source_type = $%d", l.filter.Source)
	}
	if l.from != 0 {
		add(" AND e.occurred_at >= $%d", l.from)
	}
	if l.to != 0 {
		add(" AND e.occurred_at < $%d", l.to)
	}
	return where, args
}

// units are the units that the filter selects.
func (l *logQuery) units() []ledger.Unit {
	if l.filter.Unit != "" {
		return []ledger.Unit{l.filter.Unit}
	}
	return ledger.Units
}

// count counts the entries, up to one more than totalCap if they are filtered by more than
// the unit.
func (l *logQuery) count(ctx context.Context, q sqldb.Querier) (total int64, err error) {
	if !l.filtered() {
		return sqldb.One(ctx, q, "entries", sqldb.Value[int64], "SELECT COALESCE(CAST(SUM(entries) AS BIGINT), 0) FROM ledger_balances WHERE community_id = $1 AND holder = $2 AND ($3 = '' OR unit = $3)",
			l.communityID, l.holder, string(l.filter.Unit))
	}
	where, args := l.conditions()
	for _, unit := range l.units() {
		n, err := sqldb.One(ctx, q, "entries", sqldb.Value[int64], fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM ledger_entries e WHERE e.community_id = $1 AND e.holder = $2 AND e.unit = '%s'%s LIMIT %d) n", unit, where, totalCap+1), args...)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// page returns a page of the entries: of each unit the newest, merged.
func (l *logQuery) page(ctx context.Context, q sqldb.Querier) ([]ledger.Entry, error) {
	where, args := l.conditions()
	offset := (l.filter.Page - 1) * l.filter.Limit
	text := ""
	for i, unit := range l.units() {
		if i > 0 {
			text += " UNION ALL "
		}
		text += fmt.Sprintf("SELECT * FROM (SELECT e.id FROM ledger_entries e WHERE e.community_id = $1 AND e.holder = $2 AND e.unit = '%s'%s ORDER BY e.id DESC LIMIT %d) u%d", unit, where, offset+l.filter.Limit, i)
	}
	ids, err := sqldb.All(ctx, q, sqldb.Value[string], fmt.Sprintf("SELECT id FROM (%s) a ORDER BY id DESC LIMIT %d OFFSET %d", text, l.filter.Limit, offset), args...)
	if err != nil {
		return nil, err
	}
	byID, err := ledger.Entries(ctx, q, l.communityID, ids)
	list := make([]ledger.Entry, 0, len(ids))
	for _, entryID := range ids {
		list = append(list, byID[entryID])
	}
	return list, err
}
