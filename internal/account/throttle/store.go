package throttle

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
	f, err := sqldb.One(ctx, q, "subject", scan, "SELECT failures, last_failed_at FROM sign_in_failures WHERE subject = $1 "+lock, subject)
	if errs.KindOf(err) == errs.NotFound {
		return failures{}, nil
	}
	return f, err
}

// insertFailures creates the row that loadFailuresForUpdate locks.
func insertFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "INSERT INTO sign_in_failures (subject, failures, last_failed_at) VALUES ($1, 0, 0) ON CONFLICT (subject) DO NOTHING", subject)
	return err
}

// incrementFailures starts again from one if the last failure is not after
// expired.
func incrementFailures(ctx context.Context, tx *sqldb.Tx, subject string, now, expired int64) error {
	_, err := tx.Exec(ctx, `UPDATE sign_in_failures
		SET failures = CASE WHEN last_failed_at <= $1 THEN 1 ELSE failures + 1 END, last_failed_at = $2 WHERE subject = $3`,
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
	_, err := q.Exec(ctx, "UPDATE sign_in_failures SET last_failed_at = $1 WHERE subject = $2 AND last_failed_at > $1", now, subject)
	return err
}

func deleteFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sign_in_failures WHERE subject = $1", subject)
	return err
}

func loadClients(ctx context.Context, q sqldb.Querier, accountID string, clients []string, since int64) (known []string, err error) {
	for _, client := range clients {
		n, err := sqldb.One(ctx, q, "client", sqldb.Value[int], "SELECT count(*) FROM known_clients WHERE account_id = $1 AND client = $2 AND seen_at > $3", accountID, client, since)
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
	_, err := tx.Exec(ctx, `INSERT INTO known_clients (account_id, client, seen_at, repeated) VALUES ($1, $2, $3, FALSE)
		ON CONFLICT (account_id, client) DO UPDATE SET seen_at = excluded.seen_at, repeated = TRUE`, accountID, client, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM known_clients WHERE account_id = $1 AND client LIKE $2 AND client <> $3 AND client NOT IN
		(SELECT client FROM known_clients WHERE account_id = $1 AND client LIKE $2 AND client <> $3 ORDER BY repeated DESC, seen_at DESC, client LIMIT $4)`,
		accountID, kind+"%", client, limit-1)
	return err
}

// loadDevice returns one of the devices that is known for any account, "" for
// none.
func loadDevice(ctx context.Context, q sqldb.Querier, clients []string, since int64) (string, error) {
	known, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT client FROM known_clients WHERE "+q.Dialect().In("client", "$1")+" AND seen_at > $2 ORDER BY client LIMIT 1", sqldb.Keys(clients), since)
	if err != nil || len(known) == 0 {
		return "", err
	}
	return known[0], nil
}

func deleteClients(ctx context.Context, tx *sqldb.Tx, accountID string, except []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM known_clients WHERE account_id = $1 AND NOT ("+tx.Dialect().In("client", "$2")+")", accountID, sqldb.Keys(except))
	return err
}

// sweepClients deletes clients last used before since, or after until (the
// clock was ahead).
func sweepClients(ctx context.Context, db *sqldb.DB, since, until int64) error {
	return db.DeleteBatches(ctx, "known_clients", "account_id, client", "seen_at < $1 OR seen_at > $2", since, until)
}

// Sweep deletes the counters and known clients that are too old to matter, or
// later than the clock, which was ahead.
func Sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	forget := accountBackoff.resetAfter
	if err := db.DeleteBatches(ctx, "sign_in_failures", "subject", "last_failed_at < $1 OR last_failed_at > $2", now.Add(-forget).UnixMilli(), now.Add(forget).UnixMilli()); err != nil {
		return err
	}
	return sweepClients(ctx, db, now.Add(-KnownClientLifetime).UnixMilli(), now.Add(KnownClientLifetime).UnixMilli())
}
