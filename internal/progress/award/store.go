package award

import (
	"context"

	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "a.id, a.badge_id, a.user_id, a.actor, a.xp, a.coins, a.xp_entry, a.coins_entry, a.awarded_at"

func scan(s sqldb.Scanner) (a Award, err error) {
	return a, s.Scan(&a.ID, &a.BadgeID, &a.UserID, &a.Actor, &a.Paid.XP, &a.Paid.Coins, &a.xpEntry, &a.coinsEntry, &a.At)
}

// insert inserts an award that has paid nothing; added is false for a member that has the
// badge.
func insert(ctx context.Context, tx *sqldb.Tx, communityID string, a Award) (added bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO badge_awards (community_id, id, badge_id, user_id, actor, xp, coins, xp_entry, coins_entry, awarded_at, removed_at, kept_reward, job_id)
		VALUES ($1, $2, $3, $4, $5, 0, 0, '', '', $6, 0, $7, $8) ON CONFLICT (community_id, badge_id, user_id) WHERE removed_at = 0 DO NOTHING`,
		communityID, a.ID, a.BadgeID, a.UserID, a.Actor, a.At, false, a.jobID)
	return n == 1, err
}

func lockPresent(ctx context.Context, tx *sqldb.Tx, communityID, badgeID, userID string) (Award, error) {
	return sqldb.One(ctx, tx, "award", scan, "SELECT "+columns+" FROM badge_awards a WHERE a.community_id = $1 AND a.badge_id = $2 AND a.user_id = $3 AND a.removed_at = 0 "+tx.Dialect().Lock(),
		communityID, badgeID, userID)
}

func setRemoved(ctx context.Context, tx *sqldb.Tx, communityID, awardID string, keptReward bool, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE badge_awards SET removed_at = $3, kept_reward = $4 WHERE community_id = $1 AND id = $2", communityID, awardID, now, keptReward)
	return err
}

func setPaid(ctx context.Context, tx *sqldb.Tx, communityID string, a Award) error {
	_, err := tx.Exec(ctx, "UPDATE badge_awards SET xp = $3, coins = $4, xp_entry = $5, coins_entry = $6 WHERE community_id = $1 AND id = $2", communityID, a.ID, a.Paid.XP, a.Paid.Coins, a.xpEntry, a.coinsEntry)
	return err
}

// Entries returns the entries in the ledger that awards paid.
func Entries(ctx context.Context, q sqldb.Querier, communityID string, awardIDs []string) (ids []string, err error) {
	list, err := sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM badge_awards a WHERE a.community_id = $1 AND "+q.Dialect().In("a.id", "$2"), communityID, sqldb.Keys(awardIDs))
	for i := range list {
		ids = append(ids, list[i].entries()...)
	}
	return ids, err
}

// selectOfJob returns awards that a bulk job caused.
func selectOfJob(ctx context.Context, q sqldb.Querier, communityID, jobID string, limit int) ([]Award, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM badge_awards a WHERE a.community_id = $1 AND a.job_id = $2 AND a.job_id <> '' ORDER BY a.id LIMIT $3", communityID, jobID, limit)
}

// clearJob removes the bulk job from the awards that it caused.
func clearJob(ctx context.Context, tx *sqldb.Tx, communityID string, awardIDs []string) error {
	_, err := tx.Exec(ctx, "UPDATE badge_awards SET job_id = '' WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(awardIDs))
	return err
}

// present selects awards of badges that are not deleted.
const present = " FROM badge_awards a JOIN badges b ON b.community_id = a.community_id AND b.id = a.badge_id AND b.deleted_at = 0 WHERE a.community_id = $1 AND a.removed_at = 0 AND "

func selectOfMember(ctx context.Context, q sqldb.Querier, communityID, userID, before string, limit int) ([]Award, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+"a.user_id = $2 AND a.id < $3 ORDER BY a.id DESC LIMIT $4", communityID, userID, before, limit)
}

// Newest returns the newest badges of members, by member.
func Newest(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string][]figure.Badge, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ranked := "SELECT a.user_id, a.badge_id, b.title, row_number() OVER (PARTITION BY a.user_id ORDER BY a.id DESC) AS place" + present + q.Dialect().In("a.user_id", "$2")
	byMember := map[string][]figure.Badge{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var userID string
		var one figure.Badge
		err = s.Scan(&userID, &one.ID, &one.Title)
		byMember[userID] = append(byMember[userID], one)
		return none, err
	}, "SELECT user_id, badge_id, title FROM ("+ranked+") a WHERE place <= $3 ORDER BY user_id, place", communityID, sqldb.Keys(ids), figure.MaxBadges)
	return byMember, err
}

// Has reports whether a member has a badge.
func Has(ctx context.Context, q sqldb.Querier, communityID, badgeID, userID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "award", sqldb.Value[int], "SELECT count(*) FROM badge_awards WHERE community_id = $1 AND badge_id = $2 AND user_id = $3 AND removed_at = 0", communityID, badgeID, userID)
	return n > 0, err
}

// selectHeldAt returns when a member got the badges that they have, by badge.
func selectHeldAt(ctx context.Context, q sqldb.Querier, communityID, userID string) (map[string]int64, error) {
	held := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var badgeID string
		var at int64
		err = s.Scan(&badgeID, &at)
		held[badgeID] = at
		return none, err
	}, "SELECT badge_id, awarded_at FROM badge_awards WHERE community_id = $1 AND user_id = $2 AND removed_at = 0", communityID, userID)
	return held, err
}

// pair is a badge and a member.
type pair struct{ badgeID, userID string }

// selectHad returns the badges that members have or had.
func selectHad(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[pair]bool, error) {
	return selectPairs(ctx, q, communityID, "removed_at >= 0", ids)
}

// selectKept returns the badges that members had, and the rewards of which they have kept.
func selectKept(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[pair]bool, error) {
	return selectPairs(ctx, q, communityID, "kept_reward", ids)
}

func selectPairs(ctx context.Context, q sqldb.Querier, communityID, condition string, ids []string) (map[pair]bool, error) {
	list, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (p pair, err error) { return p, s.Scan(&p.badgeID, &p.userID) },
		"SELECT badge_id, user_id FROM badge_awards WHERE community_id = $1 AND "+condition+" AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
	pairs := make(map[pair]bool, len(list))
	for _, one := range list {
		pairs[one] = true
	}
	return pairs, err
}

// countPresent returns how many of some members have each badge, as negative numbers.
func countPresent(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var badgeID string
		var n int64
		err = s.Scan(&badgeID, &n)
		counts[badgeID] = -n
		return none, err
	}, "SELECT badge_id, count(*) FROM badge_awards WHERE community_id = $1 AND removed_at = 0 AND "+q.Dialect().In("user_id", "$2")+" GROUP BY badge_id", communityID, sqldb.Keys(memberIDs))
	return counts, err
}

func deleteOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM badge_awards WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
