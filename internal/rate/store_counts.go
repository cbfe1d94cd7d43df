package rate

import (
	"context"
	"database/sql"
	"errors"

	"github.com/regulars/regulars/internal/sqldb"
)

// attempt is one more of a subject, in a window that began at a moment and
// lasts for left milliseconds more.
type attempt struct {
	subject             string
	began, window, left int64
	most                int
}

// count counts an attempt and returns how many count now, 0 when it was one
// too many and nothing was counted. The window before counts in proportion to
// what a window that ends now would see of it. A node whose clock is behind
// counts in the newer window. The condition repeats what SET will make: it is
// one statement, so that nobody comes between.
func count(ctx context.Context, tx *sqldb.Tx, a attempt) (used int, err error) {
	// Windows of a clock that was far ahead: they would not end for as long.
	if _, err := tx.Exec(ctx, "DELETE FROM rate_counts WHERE subject = $1 AND began_at > $2", a.subject, a.began+3*a.window); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `INSERT INTO rate_counts (subject, began_at, taken, earlier, ends_at) VALUES ($1, $2, 1, 0, $3)
		ON CONFLICT (subject) DO UPDATE SET
			earlier = CASE WHEN rate_counts.began_at >= $2 THEN rate_counts.earlier WHEN rate_counts.began_at = $4 THEN rate_counts.taken ELSE 0 END,
			taken = CASE WHEN rate_counts.began_at >= $2 THEN rate_counts.taken + 1 ELSE 1 END,
			began_at = CASE WHEN rate_counts.began_at > $2 THEN rate_counts.began_at ELSE $2 END,
			ends_at = CASE WHEN rate_counts.ends_at > $3 THEN rate_counts.ends_at ELSE $3 END
		WHERE $7 > CASE WHEN rate_counts.began_at >= $2 THEN rate_counts.taken + rate_counts.earlier * $5 / $6
			WHEN rate_counts.began_at = $4 THEN rate_counts.taken * $5 / $6 ELSE 0 END
		RETURNING taken + earlier * $5 / $6`,
		a.subject, a.began, a.began+2*a.window, a.began-a.window, a.left, a.window, a.most).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return used, err
}

// longestWindow is longer than two windows of any limit, in milliseconds.
const longestWindow = 7 * 24 * 3_600_000

func sweep(ctx context.Context, db *sqldb.DB, now int64) error {
	return db.DeleteBatches(ctx, "rate_counts", "subject", "ends_at <= $1 OR ends_at > $2", now, now+longestWindow)
}

func uncount(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "UPDATE rate_counts SET taken = taken - 1 WHERE subject = $1 AND taken > 0", subject)
	return err
}
