package seal

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// selectKeyID returns the id of the key of the database, "" if it has none.
func selectKeyID(ctx context.Context, q sqldb.Querier) (string, error) {
	keyID, err := sqldb.One(ctx, q, "secret_key", sqldb.Value[string], "SELECT key_id FROM secret_key WHERE slot = 'one'")
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return keyID, err
}

// replaceKeyID replaces the key id old, "" for none. It has no effect if another
// node has replaced it.
func replaceKeyID(ctx context.Context, tx *sqldb.Tx, keyID, old string, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO secret_key (slot, key_id, changed_at, rotated) VALUES ('one', $1, $2, FALSE)
		ON CONFLICT (slot) DO UPDATE SET key_id = excluded.key_id, changed_at = excluded.changed_at, rotated = FALSE
		WHERE secret_key.key_id = $3`, keyID, now, old)
	return err
}

func isRotated(ctx context.Context, q sqldb.Querier, keyID string) (done bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM secret_key WHERE key_id = $1 AND rotated)", keyID).Scan(&done)
	return done, err
}

func setRotated(ctx context.Context, q sqldb.Querier, keyID string) error {
	_, err := q.Exec(ctx, "UPDATE secret_key SET rotated = TRUE WHERE key_id = $1", keyID)
	return err
}

// row is a stored secret, plain or sealed.
type row struct{ key, stored string }

// selectUnrotated returns the next secrets of a column without the prefix start,
// sorted by key.
func selectUnrotated(ctx context.Context, q sqldb.Querier, c Column, start, after string) ([]row, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (r row, err error) {
		err = s.Scan(&r.key, &r.stored)
		return r, err
	}, "SELECT "+c.Key+", "+c.Name+" FROM "+c.Table+" WHERE "+c.Key+" > $1 AND "+c.Name+" <> '' AND substr("+c.Name+", 1, $2) <> $3 ORDER BY "+c.Key+" LIMIT $4",
		after, len(start), start, rotateBatchRows)
}

func countSealed(ctx context.Context, q sqldb.Querier, c Column, start string) (n int64, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM "+c.Table+" WHERE substr("+c.Name+", 1, $1) = $2", len(start), start).Scan(&n)
	return n, err
}

// replace has no effect if the secret has changed since it was read.
func replace(ctx context.Context, tx *sqldb.Tx, c Column, r row, sealed string) error {
	_, err := tx.Exec(ctx, "UPDATE "+c.Table+" SET "+c.Name+" = $1 WHERE "+c.Key+" = $2 AND "+c.Name+" = $3", sealed, r.key, r.stored)
	return err
}
