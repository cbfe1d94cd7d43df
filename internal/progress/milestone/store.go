package milestone

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = `id, name, group_name, place, description, conditions, counts_earned, xp, coins, badge_id, boost_tenths, boost_hours, starts_at, ends_at, enabled,
	completed_count, version, created_at, changed_at, deleted_at`

func scan(s sqldb.Scanner) (m Milestone, err error) {
	var conditions string
	var earned bool
	err = s.Scan(&m.ID, &m.Name, &m.Group, &m.Order, &m.Description, &conditions, &earned, &m.Reward.XP, &m.Reward.Coins, &m.Reward.BadgeID, &m.Boost.Tenths, &m.Boost.Hours,
		&m.StartsAt, &m.EndsAt, &m.Enabled, &m.Completed, &m.Version, &m.CreatedAt, &m.ChangedAt, &m.DeletedAt)
	if err == nil {
		m.Conditions, err = condition.Load([]byte(conditions))
	}
	return m, err
}

func insert(ctx context.Context, tx *sqldb.Tx, communityID string, m Milestone) error {
	conditions, err := json.Marshal(&m.Conditions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO milestones (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 16)+", 0, $17, $18, $19, 0)", communityID,
		m.ID, m.Name, m.Group, m.Order, m.Description, string(conditions), gain.Counted(m.Conditions), m.Reward.XP, m.Reward.Coins, m.Reward.BadgeID, m.Boost.Tenths, m.Boost.Hours,
		m.StartsAt, m.EndsAt, m.Enabled, m.Version, m.CreatedAt, m.ChangedAt)
	return err
}

func update(ctx context.Context, tx *sqldb.Tx, communityID string, m Milestone) error {
	conditions, err := json.Marshal(&m.Conditions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE milestones SET name = $3, group_name = $4, place = $5, description = $6, conditions = $7, counts_earned = $8, xp = $9, coins = $10, badge_id = $11,
		boost_tenths = $12, boost_hours = $13, starts_at = $14, ends_at = $15, enabled = $16, version = $17, changed_at = $18 WHERE community_id = $1 AND id = $2`, communityID,
		m.ID, m.Name, m.Group, m.Order, m.Description, string(conditions), gain.Counted(m.Conditions), m.Reward.XP, m.Reward.Coins, m.Reward.BadgeID, m.Boost.Tenths, m.Boost.Hours,
		m.StartsAt, m.EndsAt, m.Enabled, m.Version, m.ChangedAt)
	return err
}

func setDeleted(ctx context.Context, tx *sqldb.Tx, communityID, milestoneID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE milestones SET deleted_at = $3 WHERE community_id = $1 AND id = $2", communityID, milestoneID, now)
	return err
}

const (
	present = " FROM milestones WHERE community_id = $1 AND deleted_at = 0 "
	inOrder = "ORDER BY group_name, place, id"
)

func count(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "milestones", sqldb.Value[int64], "SELECT count(*)"+present, communityID)
}

// position is the place of a milestone in the list.
type position struct {
	group string
	order int64
	id    string
}

func selectPage(ctx context.Context, q sqldb.Querier, communityID string, hidden bool, after position, limit int) ([]Milestone, error) {
	visible := ""
	if !hidden {
		visible = "AND enabled "
	}
	return sqldb.All(ctx, q, scan, fmt.Sprintf("SELECT "+columns+present+visible+"AND (group_name, place, id) > ($2, $3, $4) "+inOrder+" LIMIT %d", limit),
		communityID, after.group, after.order, after.id)
}

// All returns the milestones in the order of the list.
func All(ctx context.Context, q sqldb.Querier, communityID string) ([]Milestone, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+inOrder, communityID)
}

// Running returns the enabled milestones that can be completed at some time of a span, in
// Unix milliseconds.
func Running(ctx context.Context, q sqldb.Querier, communityID string, from, until int64) ([]Milestone, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+"AND enabled AND starts_at <= $3 AND (ends_at = 0 OR ends_at >= $2) "+inOrder, communityID, from, until)
}

// countsEarned reports whether an enabled milestone counts what members earned.
func countsEarned(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "milestones", sqldb.Value[int64], "SELECT count(*)"+present+"AND enabled AND counts_earned", communityID)
	return n > 0, err
}

// load returns a milestone. It fails with NotFound "milestone_not_found", also for a deleted
// one.
func load(ctx context.Context, q sqldb.Querier, communityID, milestoneID string) (Milestone, error) {
	return sqldb.One(ctx, q, "milestone", scan, "SELECT "+columns+present+"AND id = $2", communityID, milestoneID)
}

// lock is load for a change.
func lock(ctx context.Context, tx *sqldb.Tx, communityID, milestoneID string) (Milestone, error) {
	return sqldb.One(ctx, tx, "milestone", scan, "SELECT "+columns+present+"AND id = $2 "+tx.Dialect().Lock(), communityID, milestoneID)
}

// CountCompleted adds to the number of members that have completed a milestone, in the
// caller's transaction.
func CountCompleted(ctx context.Context, tx *sqldb.Tx, communityID, milestoneID string, delta int64) error {
	_, err := tx.Exec(ctx, "UPDATE milestones SET completed_count = completed_count + $3 WHERE community_id = $1 AND id = $2", communityID, milestoneID, delta)
	return err
}

const evaluationColumns = "state, again, checked, completed, after_user, started_at, finished_at"

func scanEvaluation(s sqldb.Scanner) (e Evaluation, err error) {
	return e, s.Scan(&e.State, &e.Again, &e.Checked, &e.Completed, &e.After, &e.StartedAt, &e.FinishedAt)
}

// LastEvaluation returns the last check of all members; its State is "" if there was none.
func LastEvaluation(ctx context.Context, q sqldb.Querier, communityID string) (Evaluation, error) {
	return loadEvaluation(ctx, q, communityID, "")
}

// LockEvaluation is LastEvaluation for a change.
func LockEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string) (Evaluation, error) {
	return loadEvaluation(ctx, tx, communityID, tx.Dialect().Lock())
}

func loadEvaluation(ctx context.Context, q sqldb.Querier, communityID, lock string) (Evaluation, error) {
	list, err := sqldb.All(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+" FROM milestone_evaluations WHERE community_id = $1 "+lock, communityID)
	if err != nil || len(list) == 0 {
		return Evaluation{}, err
	}
	return list[0], nil
}

// insertEvaluation inserts the row that LockEvaluation locks, unless it exists.
func insertEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	_, err := tx.Exec(ctx, "INSERT INTO milestone_evaluations (community_id, "+evaluationColumns+") VALUES ($1, '', $2, 0, 0, '', 0, 0) ON CONFLICT (community_id) DO NOTHING", communityID, false)
	return err
}

// SetEvaluation stores the state of the check, in the caller's transaction.
func SetEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string, e Evaluation) error {
	_, err := tx.Exec(ctx, `UPDATE milestone_evaluations SET state = $2, again = $3, checked = $4, completed = $5, after_user = $6, started_at = $7, finished_at = $8 WHERE community_id = $1`,
		communityID, e.State, e.Again, e.Checked, e.Completed, e.After, e.StartedAt, e.FinishedAt)
	return err
}
