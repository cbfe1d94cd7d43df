// Package idempotency stores Idempotency-Keys and the responses to their
// requests, so that a retried request does not run twice. A key is marked as
// used in the commit of the change that it protects.
package idempotency

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	lockTimeout = time.Minute    // of a reservation without a commit
	retention   = 24 * time.Hour // of keys that expire
)

// Scope is the namespace of a key.
type Scope struct {
	Principal   string // auth.Actor.Ref
	CommunityID string // "" for routes without a community
	Route       string
}

func (s Scope) String() string { return s.Principal + "\n" + s.CommunityID + "\n" + s.Route }

// Response is the stored response to a request.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Store stores keys. It is safe for concurrent use.
type Store struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns a Store in db.
func New(db *sqldb.DB, c clock.Clock) *Store { return &Store{db, c} }

// Reservation is the exclusive right of one request to use a key.
type Reservation struct {
	store             *Store
	scope, key, token string

	mu        sync.Mutex
	response  Response // set before the commit
	committed bool
}

// Begin reserves a key for a request. The fingerprint identifies the content of
// the request. Begin returns one of:
//
//   - ctx alone, if key is "";
//   - the stored response, if the same request has completed;
//   - a reservation and the context of its work: the first transaction that
//     commits under this context marks the key as used, and fails with Conflict
//     in_progress if another request has taken the key over;
//   - Conflict: idempotency_mismatch if the key was used with other content,
//     in_progress (with RetryAfter) while the first request runs, already_done
//     if the request has completed but its response is not stored. The field
//     "_id" of already_done is the id of the created resource, if known.
//
// A key is stored for 24 hours, or permanently.
func (s *Store) Begin(ctx context.Context, scope Scope, key, fingerprint string, permanent bool) (context.Context, *Reservation, *Response, error) {
	if key == "" {
		return ctx, nil, nil, nil
	}
	now := s.clock.MS()
	own := row{
		scope: scope.String(), key: key, fingerprint: fingerprint, token: id.Secret(12),
		permanent: permanent, createdAt: now, lockedUntil: now + lockTimeout.Milliseconds(),
	}
	for {
		reserved, err := reserve(ctx, s.db, own, now-retention.Milliseconds())
		if err != nil {
			return ctx, nil, nil, err
		}
		if reserved {
			r := &Reservation{store: s, scope: own.scope, key: key, token: own.token}
			return sqldb.BeforeCommit(ctx, r.markCommitted), r, nil, nil
		}
		stored, err := load(ctx, s.db, own.scope, key)
		if errs.KindOf(err) == errs.NotFound {
			continue // released meanwhile
		}
		if err != nil {
			return ctx, nil, nil, err
		}
		response, err := stored.replay(own)
		return ctx, nil, response, err
	}
}

// replay returns the response to a retry of the stored request.
func (r row) replay(retry row) (*Response, error) {
	if r.fingerprint != retry.fingerprint {
		return nil, errs.New(errs.Conflict, "idempotency_mismatch", "This Idempotency-Key was used for a different request. Use a new key.")
	}
	if r.state != running && r.status != 0 && !r.secret {
		return &Response{Status: r.status, Header: r.header, Body: r.body}, nil
	}
	if r.state == done || r.state == committed && r.lockedUntil < retry.createdAt {
		return nil, alreadyDone(string(r.body))
	}
	wait := max(time.Second, min(5*time.Second, time.Duration(r.lockedUntil-retry.createdAt)*time.Millisecond))
	return nil, errs.New(errs.Conflict, "in_progress", "The first request with this Idempotency-Key is still running. Retry later.").WithRetry(wait)
}

func alreadyDone(resourceID string) *errs.Error {
	if resourceID == "" {
		return errs.New(errs.Conflict, "already_done", "The request with this Idempotency-Key has completed, but its response is not stored. Do not send it again.")
	}
	return errs.New(errs.Conflict, "already_done", "The request with this Idempotency-Key has completed and created %s. Its response contained a secret and is not stored.", resourceID).
		WithFields(errs.Field{Field: "_id", Code: "already_done", Message: resourceID})
}

// SetResponse sets the response that the commit stores: a retry gets it even if
// this process ends before Finish. The response must not contain a secret.
func (r *Reservation) SetResponse(status int, header map[string]string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.response = Response{Status: status, Header: maps.Clone(header), Body: bytes.Clone(body)}
}

// markCommitted marks the key as used. It runs at the end of every transaction
// of the request; only the first that commits has an effect.
func (r *Reservation) markCommitted(ctx context.Context, tx *sqldb.Tx) error {
	r.mu.Lock()
	marked, response := r.committed, r.response
	r.mu.Unlock()
	if marked {
		return nil
	}
	owned, err := update(ctx, tx, r, committed, response, false)
	if err != nil {
		return err
	}
	if !owned {
		return errs.New(errs.Conflict, "in_progress", "Another request has taken over this Idempotency-Key. Retry later.").WithRetry(time.Second)
	}
	tx.AfterCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.committed = true
	})
	return nil
}

// Finish stores a 2xx response, or only the id in its JSON if secret is set.
// Any other response releases the key, so that the request can be retried; a
// 5xx releases it only if nothing was committed. ctx must outlive the request.
func (r *Reservation) Finish(ctx context.Context, status int, header map[string]string, body []byte, secret bool) error {
	if status < 200 || status > 299 {
		return release(ctx, r.store.db, r, status < 500)
	}
	r.mu.Lock()
	stored := r.committed && r.response.Status == status && bytes.Equal(r.response.Body, body) && maps.Equal(r.response.Header, header)
	r.mu.Unlock()
	if stored && !secret {
		return nil
	}
	response := Response{Status: status, Header: header, Body: body}
	if secret {
		response.Header, response.Body = nil, []byte(resourceID(body))
	}
	_, err := update(ctx, r.store.db, r, done, response, secret)
	return err
}

// resourceID returns the _id, keyId or id of a JSON response or of its data, or
// "" if there is none.
func resourceID(body []byte) string {
	var response, data map[string]json.RawMessage
	if json.Unmarshal(body, &response) != nil {
		return ""
	}
	_ = json.Unmarshal(response["data"], &data) // optional
	for _, object := range []map[string]json.RawMessage{response, data} {
		for _, name := range []string{"_id", "keyId", "id"} {
			var text string
			if json.Unmarshal(object[name], &text) == nil && text != "" {
				return text
			}
		}
	}
	return ""
}

// Sweep deletes expired keys.
func (s *Store) Sweep(ctx context.Context) error {
	return sweep(ctx, s.db, s.clock.MS()-retention.Milliseconds())
}
