package badge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = `id, title, action, quantity, conditions, counts_earned, description, image, dark_image, light_image, dark_and_light, pays_xp, xp, pays_coins, coins,
	attachment_required, awarded_count, evaluation_state, evaluation_checked, evaluation_awarded, evaluation_after, evaluation_started_at, evaluation_finished_at,
	version, created_at, changed_at, deleted_at`

func scan(s sqldb.Scanner) (b Badge, err error) {
	var conditions string
	var earned bool
	e := &b.Evaluation
	err = s.Scan(&b.ID, &b.Title, &b.Action, &b.Quantity, &conditions, &earned, &b.Description, &b.Image, &b.Dark, &b.Light, &b.ByTheme, &b.PaysXP, &b.XP, &b.PaysCoins, &b.Coins,
		&b.AttachmentRequired, &b.Awarded, &e.State, &e.Checked, &e.Awarded, &e.After, &e.StartedAt, &e.FinishedAt, &b.Version, &b.CreatedAt, &b.ChangedAt, &b.DeletedAt)
	if err != nil || b.Action != ByConditions {
		return b, err
	}
	b.Conditions, err = condition.Load([]byte(conditions))
	return b, err
}

// conditions returns the stored form of the conditions.
func (b *Badge) conditions() (string, error) {
	if b.Action != ByConditions {
		return "{}", nil
	}
	encoded, err := json.Marshal(&b.Conditions)
	return string(encoded), err
}

func insert(ctx context.Context, tx *sqldb.Tx, communityID string, b Badge) error {
	conditions, err := b.conditions()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO badges (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 18)+", '', 0, 0, '', 0, 0, $19, $20, $21, 0)", communityID,
		b.ID, b.Title, b.Action, b.Quantity, conditions, gain.Counted(b.Conditions), b.Description, b.Image, b.Dark, b.Light, b.ByTheme, b.PaysXP, b.XP, b.PaysCoins, b.Coins, b.AttachmentRequired, 0, b.Version, b.CreatedAt, b.ChangedAt)
	return err
}

func update(ctx context.Context, tx *sqldb.Tx, communityID string, b Badge) error {
	conditions, err := b.conditions()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE badges SET title = $3, action = $4, quantity = $5, conditions = $6, counts_earned = $7, description = $8, image = $9, dark_image = $10, light_image = $11, dark_and_light = $12,
		pays_xp = $13, xp = $14, pays_coins = $15, coins = $16, attachment_required = $17, version = $18, changed_at = $19 WHERE community_id = $1 AND id = $2`, communityID,
		b.ID, b.Title, b.Action, b.Quantity, conditions, gain.Counted(b.Conditions), b.Description, b.Image, b.Dark, b.Light, b.ByTheme, b.PaysXP, b.XP, b.PaysCoins, b.Coins, b.AttachmentRequired, b.Version, b.ChangedAt)
	return err
}

func setDeleted(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE badges SET deleted_at = $3 WHERE community_id = $1 AND id = $2", communityID, badgeID, now)
	return err
}

const present = " FROM badges WHERE community_id = $1 AND deleted_at = 0 "

func count(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "badges", sqldb.Value[int64], "SELECT count(*)"+present, communityID)
}

func selectPage(ctx context.Context, q sqldb.Querier, communityID string, limit, offset int) ([]Badge, error) {
	return sqldb.All(ctx, q, scan, fmt.Sprintf("SELECT "+columns+present+"ORDER BY id LIMIT %d OFFSET %d", limit, offset), communityID)
}

// Titles returns the titles of all badges by their ids.
func Titles(ctx context.Context, q sqldb.Querier, communityID string) (map[string]string, error) {
	titles := map[string]string{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var badgeID, title string
		err = s.Scan(&badgeID, &title)
		titles[badgeID] = title
		return none, err
	}, "SELECT id, title"+present, communityID)
	return titles, err
}

// All returns all badges, the oldest one first.
func All(ctx context.Context, q sqldb.Querier, communityID string) ([]Badge, error) {
	return selectPage(ctx, q, communityID, MaxBadges, 0)
}

// Automatic returns the badges that members get by what they do.
func Automatic(ctx context.Context, q sqldb.Querier, communityID string) ([]Badge, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+"AND action <> $2 ORDER BY id", communityID, Custom)
}

// ComparingFields returns the automatic badges with a condition that compares a field.
func ComparingFields(ctx context.Context, q sqldb.Querier, communityID string) ([]Badge, error) {
	list, err := Automatic(ctx, q, communityID)
	return slices.DeleteFunc(list, func(b Badge) bool { return !b.ComparesFields() }), err
}

// countsEarned reports whether a badge counts what members earned.
func countsEarned(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "badges", sqldb.Value[int64], "SELECT count(*)"+present+"AND counts_earned", communityID)
	return n > 0, err
}

// Load returns a badge. It fails with NotFound "badge_not_found", also for a deleted one.
func Load(ctx context.Context, q sqldb.Querier, communityID, badgeID string) (Badge, error) {
	return sqldb.One(ctx, q, "badge", scan, "SELECT "+columns+present+"AND id = $2", communityID, badgeID)
}

// Lock is Load for a change.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string) (Badge, error) {
	return sqldb.One(ctx, tx, "badge", scan, "SELECT "+columns+present+"AND id = $2 "+tx.Dialect().Lock(), communityID, badgeID)
}

// ByID returns badges by their ids, deleted ones too.
func ByID(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]Badge, error) {
	list, err := sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM badges WHERE community_id = $1 AND "+q.Dialect().In("id", "$2"), communityID, sqldb.Keys(ids))
	byID := make(map[string]Badge, len(list))
	for _, one := range list {
		byID[one.ID] = one
	}
	return byID, err
}

// CountAwarded adds to the number of members that have a badge, in the caller's
// transaction.
func CountAwarded(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string, delta int64) error {
	_, err := tx.Exec(ctx, "UPDATE badges SET awarded_count = awarded_count + $3 WHERE community_id = $1 AND id = $2", communityID, badgeID, delta)
	return err
}

// SetEvaluation stores the state of the evaluation of a badge, in the caller's
// transaction.
func SetEvaluation(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string, e Evaluation) error {
	_, err := tx.Exec(ctx, `UPDATE badges SET evaluation_state = $3, evaluation_checked = $4, evaluation_awarded = $5, evaluation_after = $6, evaluation_started_at = $7, evaluation_finished_at = $8
		WHERE community_id = $1 AND id = $2`, communityID, badgeID, e.State, e.Checked, e.Awarded, e.After, e.StartedAt, e.FinishedAt)
	return err
}
