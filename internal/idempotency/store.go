package idempotency

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a key.
const (
	running   = "running"   // reserved, nothing committed
	committed = "committed" // the change is committed, with the response if it was set before
	done      = "done"      // the response is stored
)

// row is a row of idempotency_keys.
type row struct {
	scope, key, fingerprint, token, state string
	permanent, secret                     bool
	status                                int
	header                                map[string]string
	body                                  []byte
	createdAt, lockedUntil                int64
}

// reserve inserts r and reports whether it did. It replaces a row created
// before expired, and a reservation that timed out without a commit.
func reserve(ctx context.Context, q sqldb.Querier, r row, expired int64) (bool, error) {
	n, err := q.Exec(ctx, `
		INSERT INTO idempotency_keys (scope, key, fingerprint, token, state, permanent, secret, status, header, body, created_at, locked_until)
		VALUES ($1, $2, $3, $4, 'running', $5, FALSE, 0, '{}', '', $6, $7)
		ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, token = excluded.token, state = 'running',
			permanent = excluded.permanent, secret = FALSE, status = 0, header = '{}', body = '',
			created_at = excluded.created_at, locked_until = excluded.locked_until
		WHERE (NOT idempotency_keys.permanent AND idempotency_keys.created_at < $8)
			OR (idempotency_keys.state = 'running' AND idempotency_keys.locked_until < $6 AND idempotency_keys.fingerprint = $3)`,
		r.scope, r.key, r.fingerprint, r.token, r.permanent, r.createdAt, r.lockedUntil, expired)
	return n == 1, err
}

func load(ctx context.Context, q sqldb.Querier, scope, key string) (row, error) {
	return sqldb.One(ctx, q, "idempotency_key", scanRow, `
		SELECT scope, key, fingerprint, token, state, permanent, secret, status, header, body, created_at, locked_until
		FROM idempotency_keys WHERE scope = $1 AND key = $2`, scope, key)
}

func scanRow(s sqldb.Scanner) (r row, err error) {
	var header string
	err = s.Scan(&r.scope, &r.key, &r.fingerprint, &r.token, &r.state, &r.permanent, &r.secret, &r.status, &header, &r.body, &r.createdAt, &r.lockedUntil)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(header), &r.header)
}

// update stores a state and a response, and reports whether the reservation
// still owns the key.
func update(ctx context.Context, q sqldb.Querier, r *Reservation, state string, response Response, secret bool) (owned bool, err error) {
	if response.Header == nil {
		response.Header = map[string]string{}
	}
	header, err := json.Marshal(response.Header)
	if err != nil {
		return false, err
	}
	if response.Body == nil {
		response.Body = []byte{}
	}
	n, err := q.Exec(ctx, `
		UPDATE idempotency_keys SET state = $4, status = $5, header = $6, body = $7, secret = $8
		WHERE scope = $1 AND key = $2 AND token = $3`, r.scope, r.key, r.token, state, int64(response.Status), string(header), response.Body, secret)
	return n == 1, err
}

// release deletes a reservation; committedToo includes one that has committed.
func release(ctx context.Context, q sqldb.Querier, r *Reservation, committedToo bool) error {
	_, err := q.Exec(ctx, "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND token = $3 AND ($4 OR state = 'running')",
		r.scope, r.key, r.token, committedToo)
	return err
}

func sweep(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "idempotency_keys", "scope, key", "NOT permanent AND created_at < $1", before)
}
