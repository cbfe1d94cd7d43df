package account

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

// rememberPlace notes the use of a place and deletes all but most others of its
// kind. Places that returned stay before those that were used once, so a program
// that never sends its cookie does not displace a browser that does.
func rememberPlace(ctx context.Context, tx *sqldb.Tx, accountID, place, kind string, most int, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO sign_in_places (account_id, place, seen_at, returned) VALUES ($1, $2, $3, FALSE)
		ON CONFLICT (account_id, place) DO UPDATE SET seen_at = excluded.seen_at, returned = TRUE`, accountID, place, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 AND place <> $3 AND place NOT IN
		(SELECT place FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 AND place <> $3 ORDER BY returned DESC, seen_at DESC, place LIMIT $4)`,
		accountID, kind+"%", place, most-1)
	return err
}

// loadDevice returns one of some places that is known for any account, "" for
// none.
func loadDevice(ctx context.Context, q sqldb.Querier, places []string, since int64) (string, error) {
	known, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT place FROM sign_in_places WHERE "+q.Dialect().In("place", "$1")+" AND seen_at > $2 ORDER BY place LIMIT 1", sqldb.Keys(places), since)
	if err != nil || len(known) == 0 {
		return "", err
	}
	return known[0], nil
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
