package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// failures are the failures of a counter.
type failures struct{ count, lastAt int64 }

func loadFailures(ctx context.Context, q sqldb.Querier, subject string) (failures, error) {
	return queryFailures(ctx, q, subject, "")
}

func loadFailuresForUpdate(ctx context.Context, tx *sqldb.Tx, subject string) (failures, error) {
	return queryFailures(ctx, tx, subject, tx.Dialect().Lock())
}

func queryFailures(ctx context.Context, q sqldb.Querier, subject, lock string) (failures, error) {
	scan := func(r sqldb.Scanner) (f failures, err error) {
		err = r.Scan(&f.count, &f.lastAt)
		return f, err
	}
	f, err := sqldb.One(ctx, q, "subject", scan, "SELECT failures, last_at FROM sign_in_failures WHERE subject = $1 "+lock, subject)
	if errs.KindOf(err) == errs.NotFound {
		return failures{}, nil
	}
	return f, err
}

// insertFailures creates the row that loadFailuresForUpdate locks.
func insertFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "INSERT INTO sign_in_failures (subject, failures, last_at) VALUES ($1, 0, 0) ON CONFLICT (subject) DO NOTHING", subject)
	return err
}

// incrementFailures starts again from one if the last failure is not after
// expired.
func incrementFailures(ctx context.Context, tx *sqldb.Tx, subject string, now, expired int64) error {
	_, err := tx.Exec(ctx, `UPDATE sign_in_failures
		SET failures = CASE WHEN last_at <= $1 THEN 1 ELSE failures + 1 END, last_at = $2 WHERE subject = $3`,
		expired, now, subject)
	return err
}

// decrementFailures subtracts n failures, down to zero.
func decrementFailures(ctx context.Context, tx *sqldb.Tx, subject string, n int64) error {
	_, err := tx.Exec(ctx, "UPDATE sign_in_failures SET failures = CASE WHEN failures > CAST($1 AS BIGINT) THEN failures - CAST($1 AS BIGINT) ELSE 0 END WHERE subject = $2", n, subject)
	return err
}

// setLastFailure moves the last failure back to now.
func setLastFailure(ctx context.Context, q sqldb.Querier, subject string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE sign_in_failures SET last_at = $1 WHERE subject = $2 AND last_at > $1", now, subject)
	return err
}

func deleteFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sign_in_failures WHERE subject = $1", subject)
	return err
}

func sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	forget := accountBackoff.resetAfter
	for _, old := range []struct {
		table, key, where string
		times             []any
	}{
		{"sessions", "id", "expires_at < $1", []any{now.AddDate(0, -1, 0).UnixMilli()}},
		{"one_time_links", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"registrations", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"email_changes", "account_id", "expires_at < $1", []any{now.UnixMilli()}},
		{"sign_in_steps", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"sign_in_failures", "subject", "last_at < $1 OR last_at > $2", []any{now.Add(-forget).UnixMilli(), now.Add(forget).UnixMilli()}},
	} {
		if err := db.DeleteBatches(ctx, old.table, old.key, old.where, old.times...); err != nil {
			return err
		}
	}
	return sweepClients(ctx, db, now.Add(-KnownClientLifetime).UnixMilli(), now.Add(KnownClientLifetime).UnixMilli())
}

func loadClients(ctx context.Context, q sqldb.Querier, accountID string, clients []string, since int64) (known []string, err error) {
	for _, client := range clients {
		n, err := sqldb.One(ctx, q, "place", sqldb.Value[int], "SELECT count(*) FROM sign_in_places WHERE account_id = $1 AND place = $2 AND seen_at > $3", accountID, client, since)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			known = append(known, client)
		}
	}
	return known, nil
}

// upsertClient records the use of a known client and deletes all of its kind
// beyond limit. Clients that returned are preferred to those used once, so that
// a program that never sends its cookie does not displace a browser.
func upsertClient(ctx context.Context, tx *sqldb.Tx, accountID, client, kind string, limit int, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO sign_in_places (account_id, place, seen_at, returned) VALUES ($1, $2, $3, FALSE)
		ON CONFLICT (account_id, place) DO UPDATE SET seen_at = excluded.seen_at, returned = TRUE`, accountID, client, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 AND place <> $3 AND place NOT IN
		(SELECT place FROM sign_in_places WHERE account_id = $1 AND place LIKE $2 AND place <> $3 ORDER BY returned DESC, seen_at DESC, place LIMIT $4)`,
		accountID, kind+"%", client, limit-1)
	return err
}

// loadDevice returns one of the devices that is known for any account, "" for
// none.
func loadDevice(ctx context.Context, q sqldb.Querier, clients []string, since int64) (string, error) {
	known, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT place FROM sign_in_places WHERE "+q.Dialect().In("place", "$1")+" AND seen_at > $2 ORDER BY place LIMIT 1", sqldb.Keys(clients), since)
	if err != nil || len(known) == 0 {
		return "", err
	}
	return known[0], nil
}

func deleteClients(ctx context.Context, tx *sqldb.Tx, accountID string, except []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sign_in_places WHERE account_id = $1 AND NOT ("+tx.Dialect().In("place", "$2")+")", accountID, sqldb.Keys(except))
	return err
}

// sweepClients deletes clients last used before since, or after until (the
// clock was ahead).
func sweepClients(ctx context.Context, db *sqldb.DB, since, until int64) error {
	return db.DeleteBatches(ctx, "sign_in_places", "account_id, place", "seen_at < $1 OR seen_at > $2", since, until)
}
