package automation

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, name, enabled, event, include_imports, condition, actions, per_member, per_day, after_sequence, version, created_at, deleted_at"

func scan(s sqldb.Scanner) (a Automation, err error) {
	var actions string
	if err := s.Scan(&a.ID, &a.Name, &a.Enabled, &a.Event, &a.IncludeImports, &a.Condition, &actions, &a.PerMember, &a.PerDay, &a.After, &a.Version, &a.CreatedAt, &a.DeletedAt); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(actions), &a.Actions)
}

func insert(ctx context.Context, tx *sqldb.Tx, communityID string, a Automation) error {
	actions, err := json.Marshal(a.Actions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO automations (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 13)+", 0)", communityID,
		a.ID, a.Name, a.Enabled, a.Event, a.IncludeImports, a.Condition, string(actions), a.PerMember, a.PerDay, a.After, a.Version, a.CreatedAt)
	return err
}

func update(ctx context.Context, tx *sqldb.Tx, communityID string, a Automation) error {
	actions, err := json.Marshal(a.Actions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE automations SET name = $3, enabled = $4, event = $5, include_imports = $6, condition = $7, actions = $8, per_member = $9, per_day = $10, after_sequence = $11, version = $12
		WHERE community_id = $1 AND id = $2`, communityID, a.ID, a.Name, a.Enabled, a.Event, a.IncludeImports, a.Condition, string(actions), a.PerMember, a.PerDay, a.After, a.Version)
	return err
}

func setDeleted(ctx context.Context, tx *sqldb.Tx, communityID, automationID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE automations SET deleted_at = $3 WHERE community_id = $1 AND id = $2", communityID, automationID, now)
	return err
}

const present = " FROM automations WHERE community_id = $1 AND deleted_at = 0 "

func count(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "automations", sqldb.Value[int64], "SELECT count(*)"+present, communityID)
}

func selectPage(ctx context.Context, q sqldb.Querier, communityID, after string, limit int) ([]Automation, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+"AND id > $2 ORDER BY id LIMIT $3", communityID, after, limit)
}

// Load returns an automation. It fails with NotFound "automation_not_found", also for a
// deleted one.
func Load(ctx context.Context, q sqldb.Querier, communityID, automationID string) (Automation, error) {
	return sqldb.One(ctx, q, "automation", scan, "SELECT "+columns+present+"AND id = $2", communityID, automationID)
}

// LoadAny is Load for deleted automations too.
func LoadAny(ctx context.Context, q sqldb.Querier, communityID, automationID string) (Automation, error) {
	return sqldb.One(ctx, q, "automation", scan, "SELECT "+columns+" FROM automations WHERE community_id = $1 AND id = $2", communityID, automationID)
}

func lock(ctx context.Context, tx *sqldb.Tx, communityID, automationID string) (Automation, error) {
	return sqldb.One(ctx, tx, "automation", scan, "SELECT "+columns+present+"AND id = $2 "+tx.Dialect().Lock(), communityID, automationID)
}

// Enabled returns the automations of a community that fire, the oldest one first.
func Enabled(ctx context.Context, q sqldb.Querier, communityID string) ([]Automation, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+present+"AND enabled ORDER BY id", communityID)
}

// WatchesLedger reports whether an enabled automation of a community is triggered by
// entries of the ledger. It is a ledger.Watched.
func WatchesLedger(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	return sqldb.One(ctx, q, "automations", sqldb.Value[bool], "SELECT EXISTS (SELECT 1"+present+"AND enabled AND event = $2)", communityID, ledger.EventPosted)
}

// Forget deletes the automations that were deleted before a time, in Unix milliseconds.
func Forget(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "automations", "community_id, id", "deleted_at > 0 AND deleted_at < $1", before)
}
