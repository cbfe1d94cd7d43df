package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func loadPlaces(ctx context.Context, q sqldb.Querier, accountID string, places []string, since int64) (known []string, err error) {
	for _, place := range places {
		n, err := sqldb.One(ctx, q, "place", sqldb.Value[int], "SELECT count(*) FROM sign_in_places WHERE account_id = $1 AND place = $2 AND seen_at > $3", accountID, place, since)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			known = append(known, place)
		}
	}
	return known, nil
}

// rememberPlace notes the use of a place and deletes all but the newest of its
// kind.
func rememberPlace(ctx context.Context, tx *sqldb.Tx, accountID, place, kind string, most int, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO sign_in_places (account_id, place, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, place) DO UPDATE SET seen_at = excluded.seen_at`, accountID, place, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 AND place NOT IN
		(SELECT place FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 ORDER BY seen_at DESC, place LIMIT $3)`, accountID, kind+"%", most)
	return err
}

func deletePlaces(ctx context.Context, tx *sqldb.Tx, accountID string, but []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sign_in_places WHERE account_id = $1 AND NOT ("+tx.Dialect().In("place", "$2")+")", accountID, sqldb.Keys(but))
	return err
}

// sweepPlaces deletes places last used before since, or after until: the clock
// was ahead then.
func sweepPlaces(ctx context.Context, db *sqldb.DB, since, until int64) error {
	return db.DeleteBatches(ctx, "sign_in_places", "account_id, place", "seen_at < $1 OR seen_at > $2", since, until)
}
