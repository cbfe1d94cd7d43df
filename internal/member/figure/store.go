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
		err = s.Scan(&memberID, &f.Messages, &f.Replies, &f.Reactions, &f.Visits, &f.Minutes, &f.LoginStreak, &f.SeenAt, &onlineUntil)
		f.Online = onlineUntil > at.MS
		found[memberID] = f
		return none, err
	}, `SELECT m.user_id, COALESCE(t.messages, 0), COALESCE(t.replies, 0), COALESCE(t.reactions, 0), COALESCE(p.visits, 0), COALESCE(p.minutes, 0),
			CASE WHEN p.streak_day >= $3 THEN p.streak ELSE 0 END, COALESCE(v.seen_at, 0), COALESCE(v.online_until, 0)
		FROM members m
		LEFT JOIN message_totals t ON t.community_id = m.community_id AND t.user_id = m.user_id
		LEFT JOIN member_presence p ON p.community_id = m.community_id AND p.user_id = m.user_id
		LEFT JOIN member_visits v ON v.community_id = m.community_id AND v.user_id = m.user_id
		WHERE m.community_id = $1 AND `+q.Dialect().In("m.user_id", "$2"), communityID, sqldb.Keys(ids), at.StreakSince)
	return found, err
}
