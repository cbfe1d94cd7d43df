package figure

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// selectFigures returns the figures of members.
func selectFigures(ctx context.Context, q sqldb.Querier, at Moment, communityID string, ids []string) (map[string]Figures, error) {
	found := make(map[string]Figures, len(ids))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var f Figures
		var onlineUntil int64
		err = s.Scan(&memberID, &f.Messages, &f.Replies, &f.Reactions, &f.Visits, &f.Minutes, &f.LoginStreak, &f.SeenAt, &onlineUntil,
			&f.XP, &f.Coins, &f.Premium, &f.XPToday, &f.CoinsToday)
		f.Online = onlineUntil > at.MS
		found[memberID] = f
		return none, err
	}, `SELECT m.user_id, COALESCE(t.messages, 0), COALESCE(t.replies, 0), COALESCE(t.reactions, 0), COALESCE(p.visits, 0), COALESCE(p.minutes, 0),
			CASE WHEN p.streak_day >= $3 THEN p.streak ELSE 0 END, COALESCE(v.seen_at, 0), COALESCE(v.online_until, 0),
			COALESCE(x.posted, 0), COALESCE(c.posted, 0), COALESCE(g.posted, 0), COALESCE(xd.earned, 0), COALESCE(cd.earned, 0)
		FROM members m
		LEFT JOIN message_totals t ON t.community_id = m.community_id AND t.user_id = m.user_id
		LEFT JOIN member_presence p ON p.community_id = m.community_id AND p.user_id = m.user_id
		LEFT JOIN member_visits v ON v.community_id = m.community_id AND v.user_id = m.user_id
		LEFT JOIN ledger_holders h ON h.community_id = m.community_id AND h.user_id = m.user_id
		LEFT JOIN ledger_balances x ON x.community_id = m.community_id AND x.holder = h.holder AND x.unit = 'xp'
		LEFT JOIN ledger_balances c ON c.community_id = m.community_id AND c.holder = h.holder AND c.unit = 'coins'
		LEFT JOIN ledger_balances g ON g.community_id = m.community_id AND g.holder = h.holder AND g.unit = 'premium'
		LEFT JOIN ledger_days xd ON xd.community_id = m.community_id AND xd.holder = h.holder AND xd.unit = 'xp' AND xd.day = $4
		LEFT JOIN ledger_days cd ON cd.community_id = m.community_id AND cd.holder = h.holder AND cd.unit = 'coins' AND cd.day = $4
		WHERE m.community_id = $1 AND `+q.Dialect().In("m.user_id", "$2"), communityID, sqldb.Keys(ids), at.Today-1, at.Today)
	return found, err
}
