package ratelimit

import (
	"context"
	"database/sql"
	"errors"

	"github.com/regulars/regulars/internal/sqldb"
)

// attempt is one attempt of a subject. Times are in milliseconds.
type attempt struct {
	subject                  string
	start, window, remaining int64 // of the current window
	max                      int
}

// increment counts an attempt and returns the weighted count, or 0 if the attempt is
// over the limit and was not counted. The previous window counts in proportion
// to its overlap with a sliding window that ends now. A node with a slow clock
// counts in the newer window. The WHERE clause repeats the values of SET, so
// that check and update are one atomic statement.
func increment(ctx context.Context, tx *sqldb.Tx, a attempt) (used int, err error) {
	// A clock that was far ahead leaves windows that end too late.
	if _, err := tx.Exec(ctx, "DELETE FROM rate_limit_counters WHERE subject = $1 AND window_started_at > $2", a.subject, a.start+3*a.window); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `INSERT INTO rate_limit_counters (subject, window_started_at, current_count, previous_count, expires_at) VALUES ($1, $2, 1, 0, $3)
		ON CONFLICT (subject) DO UPDATE SET
			previous_count = CASE WHEN rate_limit_counters.window_started_at >= $2 THEN rate_limit_counters.previous_count WHEN rate_limit_counters.window_started_at = $4 THEN rate_limit_counters.current_count ELSE 0 END,
			current_count = CASE WHEN rate_limit_counters.window_started_at >= $2 THEN rate_limit_counters.current_count + 1 ELSE 1 END,
			window_started_at = CASE WHEN rate_limit_counters.window_started_at > $2 THEN rate_limit_counters.window_started_at ELSE $2 END,
			expires_at = CASE WHEN rate_limit_counters.expires_at > $3 THEN rate_limit_counters.expires_at ELSE $3 END
		WHERE $7 > CASE WHEN rate_limit_counters.window_started_at >= $2 THEN rate_limit_counters.current_count + rate_limit_counters.previous_count * $5 / $6
			WHEN rate_limit_counters.window_started_at = $4 THEN rate_limit_counters.current_count * $5 / $6 ELSE 0 END
		RETURNING current_count + previous_count * $5 / $6`,
		a.subject, a.start, a.start+2*a.window, a.start-a.window, a.remaining, a.window, a.max).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return used, err
}

// longestWindow exceeds two windows of any limit, in milliseconds.
const longestWindow = 7 * 24 * 3_600_000

func sweep(ctx context.Context, db *sqldb.DB, now int64) error {
	return db.DeleteBatches(ctx, "rate_limit_counters", "subject", "expires_at <= $1 OR expires_at > $2", now, now+longestWindow)
}

func decrement(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "UPDATE rate_limit_counters SET current_count = current_count - 1 WHERE subject = $1 AND current_count > 0", subject)
	return err
}
