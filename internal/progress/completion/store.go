package completion

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// insert inserts a completion; added is false if the member has completed the milestone.
func insert(ctx context.Context, tx *sqldb.Tx, communityID string, c Completion) (added bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO milestone_completions (community_id, milestone_id, user_id, completed_at, boosted, xp, coins, badge_id, job_id)
		VALUES ($1, $2, $3, $4, $5, 0, 0, '', $6) ON CONFLICT (community_id, milestone_id, user_id) DO NOTHING`, communityID, c.MilestoneID, c.UserID, c.At, c.Boosted, c.jobID)
	return n == 1, err
}

func setPaid(ctx context.Context, tx *sqldb.Tx, communityID string, c Completion) error {
	_, err := tx.Exec(ctx, "UPDATE milestone_completions SET xp = $4, coins = $5, badge_id = $6, xp_entry = $7, coins_entry = $8, award_id = $9 WHERE community_id = $1 AND milestone_id = $2 AND user_id = $3",
		communityID, c.MilestoneID, c.UserID, c.Paid.XP, c.Paid.Coins, c.Paid.BadgeID, c.xpEntry, c.coinsEntry, c.awardID)
	return err
}

// selectOfJob returns completions that a bulk job caused, with their entries and awards.
func selectOfJob(ctx context.Context, q sqldb.Querier, communityID, jobID string, limit int) ([]Completion, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (c Completion, err error) {
		return c, s.Scan(&c.MilestoneID, &c.UserID, &c.xpEntry, &c.coinsEntry, &c.awardID)
	}, "SELECT milestone_id, user_id, xp_entry, coins_entry, award_id FROM milestone_completions WHERE community_id = $1 AND job_id = $2 AND job_id <> '' ORDER BY user_id, milestone_id LIMIT $3", communityID, jobID, limit)
}

// clearJob removes the bulk job from the completions that it caused.
func clearJob(ctx context.Context, tx *sqldb.Tx, communityID string, list []Completion) error {
	for _, c := range list {
		if err := tx.Queue(ctx, "UPDATE milestone_completions SET job_id = '' WHERE community_id = $1 AND milestone_id = $2 AND user_id = $3", communityID, c.MilestoneID, c.UserID); err != nil {
			return err
		}
	}
	return nil
}

// pair is a milestone and a member.
type pair struct{ milestoneID, userID string }

// selectDone returns which milestones some members have completed.
func selectDone(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[pair]bool, error) {
	list, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (p pair, err error) { return p, s.Scan(&p.milestoneID, &p.userID) },
		"SELECT milestone_id, user_id FROM milestone_completions WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
	done := make(map[pair]bool, len(list))
	for _, one := range list {
		done[one] = true
	}
	return done, err
}

// selectOfMember returns the completions of a member by milestone.
func selectOfMember(ctx context.Context, q sqldb.Querier, communityID, userID string) (map[string]Completion, error) {
	list, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (c Completion, err error) {
		return c, s.Scan(&c.MilestoneID, &c.UserID, &c.At, &c.Boosted, &c.Paid.XP, &c.Paid.Coins, &c.Paid.BadgeID)
	}, "SELECT milestone_id, user_id, completed_at, boosted, xp, coins, badge_id FROM milestone_completions WHERE community_id = $1 AND user_id = $2", communityID, userID)
	of := make(map[string]Completion, len(list))
	for _, one := range list {
		of[one.MilestoneID] = one
	}
	return of, err
}

// countOfMembers returns how many of some members have completed each milestone, as negative
// numbers.
func countOfMembers(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var milestoneID string
		var n int64
		err = s.Scan(&milestoneID, &n)
		counts[milestoneID] = -n
		return none, err
	}, "SELECT milestone_id, count(*) FROM milestone_completions WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2")+" GROUP BY milestone_id", communityID, sqldb.Keys(memberIDs))
	return counts, err
}

func deleteOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM milestone_completions WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
