package firing

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, automation_id, event_id, user_id, outcome, reason, actions, at"

func scan(s sqldb.Scanner) (e Entry, err error) {
	var actions string
	if err := s.Scan(&e.ID, &e.AutomationID, &e.EventID, &e.UserID, &e.Outcome, &e.Reason, &actions, &e.At); err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(actions), &e.Actions)
}

func insertEntry(ctx context.Context, tx *sqldb.Tx, communityID string, e Entry) error {
	actions, err := json.Marshal(e.Actions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO automation_log (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 9)+")", communityID,
		e.ID, e.AutomationID, e.EventID, e.UserID, e.Outcome, e.Reason, string(actions), e.At)
	return err
}

func selectLog(ctx context.Context, q sqldb.Querier, communityID, automationID, outcome, before string, limit int) ([]Entry, error) {
	where, args := "", []any{communityID, automationID, before, limit}
	if outcome != "" {
		where, args = " AND outcome = $5", append(args, outcome)
	}
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM automation_log WHERE community_id = $1 AND automation_id = $2 AND id < $3"+where+" ORDER BY id DESC LIMIT $4", args...)
}

func deleteLog(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "automation_log", "community_id, automation_id, id", "at < $1", before)
}

// selectCount returns how often an automation has fired for a member on a day, 0: ever,
// and whether the log says that the limit was reached.
func selectCount(ctx context.Context, q sqldb.Querier, communityID, automationID, userID string, day int64) (firings int64, skipped bool, err error) {
	_, err = sqldb.One(ctx, q, "count", func(s sqldb.Scanner) (none struct{}, err error) { return none, s.Scan(&firings, &skipped) },
		"SELECT firings, skipped FROM automation_counts WHERE community_id = $1 AND automation_id = $2 AND user_id = $3 AND day = $4", communityID, automationID, userID, day)
	if errs.KindOf(err) == errs.NotFound {
		return 0, false, nil
	}
	return firings, skipped, err
}

func addFiring(ctx context.Context, tx *sqldb.Tx, communityID, automationID, userID string, day int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO automation_counts (community_id, automation_id, user_id, day, firings, skipped) VALUES ($1, $2, $3, $4, 1, $5)
		ON CONFLICT (community_id, automation_id, user_id, day) DO UPDATE SET firings = automation_counts.firings + 1, skipped = excluded.skipped`, communityID, automationID, userID, day, false)
	return err
}

func setSkipped(ctx context.Context, tx *sqldb.Tx, communityID, automationID, userID string, day int64) error {
	_, err := tx.Exec(ctx, "UPDATE automation_counts SET skipped = $5 WHERE community_id = $1 AND automation_id = $2 AND user_id = $3 AND day = $4", communityID, automationID, userID, day, true)
	return err
}

// deleteCounts deletes the counts of days before one, and those of automations that were
// deleted.
func deleteCounts(ctx context.Context, db *sqldb.DB, before int64) error {
	const key = "community_id, automation_id, user_id, day"
	if err := db.DeleteBatches(ctx, "automation_counts", key, "day > 0 AND day < $1", before); err != nil {
		return err
	}
	return db.DeleteBatches(ctx, "automation_counts", key, "NOT EXISTS (SELECT 1 FROM automations a WHERE a.community_id = automation_counts.community_id AND a.id = automation_counts.automation_id)")
}

// selectImported returns how many members of an import have been handled.
func selectImported(ctx context.Context, q sqldb.Querier, communityID, eventID string) (int, error) {
	done, err := sqldb.One(ctx, q, "import", sqldb.Value[int], "SELECT done FROM automation_imports WHERE community_id = $1 AND event_id = $2", communityID, eventID)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return done, err
}

func setImported(ctx context.Context, tx *sqldb.Tx, communityID, eventID string, done int) error {
	_, err := tx.Exec(ctx, `INSERT INTO automation_imports (community_id, event_id, done) VALUES ($1, $2, $3)
		ON CONFLICT (community_id) DO UPDATE SET event_id = excluded.event_id, done = excluded.done`, communityID, eventID, done)
	return err
}

func deleteImported(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM automation_imports WHERE community_id = $1", communityID)
	return err
}

func eraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d, keys := tx.Dialect(), sqldb.Keys(memberIDs)
	if _, err := tx.Exec(ctx, "DELETE FROM automation_log WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, keys); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM automation_counts WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, keys)
	return err
}
