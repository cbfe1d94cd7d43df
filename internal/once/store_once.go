package once

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a key.
const (
	running   = "running"   // reserved
	committed = "committed" // the change is in, and the answer if it was known
	done      = "done"
)

// record is the row of a key.
type record struct {
	scope, key, fingerprint, token, state string
	forever, secret                       bool
	status                                int
	header                                map[string]string
	body                                  []byte
	createdAt, heldUntil                  int64
}

// reserve makes the record its caller's, if there is none, if the one there
// is has been free since before freeSince, or if its holder fell silent
// without a commit. Of many callers one wins.
func reserve(ctx context.Context, q sqldb.Querier, r record, freeSince int64) (bool, error) {
	n, err := q.Exec(ctx, `
		INSERT INTO idempotency_keys (scope, key, fingerprint, token, state, forever, secret, status, header, body, created_at, held_until)
		VALUES ($1, $2, $3, $4, 'running', $5, FALSE, 0, '{}', '', $6, $7)
		ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, token = excluded.token, state = 'running',
			forever = excluded.forever, secret = FALSE, status = 0, header = '{}', body = '',
			created_at = excluded.created_at, held_until = excluded.held_until
		WHERE (NOT idempotency_keys.forever AND idempotency_keys.created_at < $8)
			OR (idempotency_keys.state = 'running' AND idempotency_keys.held_until < $6 AND idempotency_keys.fingerprint = $3)`,
		r.scope, r.key, r.fingerprint, r.token, r.forever, r.createdAt, r.heldUntil, freeSince)
	return n == 1, err
}

func load(ctx context.Context, q sqldb.Querier, scope, key string) (record, error) {
	return sqldb.One(ctx, q, "idempotency_key", scanRecord, `
		SELECT scope, key, fingerprint, token, state, forever, secret, status, header, body, created_at, held_until
		FROM idempotency_keys WHERE scope = $1 AND key = $2`, scope, key)
}

func scanRecord(s sqldb.Scanner) (r record, err error) {
	var header string
	err = s.Scan(&r.scope, &r.key, &r.fingerprint, &r.token, &r.state, &r.forever, &r.secret, &r.status, &header, &r.body, &r.createdAt, &r.heldUntil)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(header), &r.header)
}

// write sets state and answer if the reservation still holds the key.
func write(ctx context.Context, q sqldb.Querier, r *Reservation, state string, a Answer, secret bool) (ours bool, err error) {
	if a.Header == nil {
		a.Header = map[string]string{}
	}
	header, err := json.Marshal(a.Header)
	if err != nil {
		return false, err
	}
	if a.Body == nil {
		a.Body = []byte{}
	}
	n, err := q.Exec(ctx, `
		UPDATE idempotency_keys SET state = $4, status = $5, header = $6, body = $7, secret = $8
		WHERE scope = $1 AND key = $2 AND token = $3`, r.scope, r.key, r.token, state, int64(a.Status), string(header), a.Body, secret)
	return n == 1, err
}

// release forgets a reservation: one that has committed something only if
// committedToo.
func release(ctx context.Context, q sqldb.Querier, r *Reservation, committedToo bool) error {
	_, err := q.Exec(ctx, "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND token = $3 AND ($4 OR state = 'running')",
		r.scope, r.key, r.token, committedToo)
	return err
}

func sweep(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "idempotency_keys", "scope, key", "NOT forever AND created_at < $1", before)
}
