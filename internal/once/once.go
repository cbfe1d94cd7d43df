// Package once lets a request be sent again without doing it again: it keeps,
// by Idempotency-Key, that a request was made and what was answered. The
// record is in the same commit as the change it speaks of.
package once

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
	hold = time.Minute    // a reservation of a process that fell silent is taken over
	kept = 24 * time.Hour // a key that is not kept for ever is free again
)

// Scope is where a key is unique.
type Scope struct {
	Principal   string // actor.Actor.Ref
	CommunityID string // "" if the route has none
	Route       string
}

func (s Scope) text() string { return s.Principal + "\n" + s.CommunityID + "\n" + s.Route }

// Answer is what a request was answered.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Store keeps the keys. It may be used from many goroutines.
type Store struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns the store of a database.
func New(db *sqldb.DB, c clock.Clock) *Store { return &Store{db, c} }

// Reservation is the right of one request to do what its key names.
type Reservation struct {
	store             *Store
	scope, key, token string

	mu     sync.Mutex
	answer Answer // set before the commit
	marked bool   // a commit has carried the reservation
}

// Begin reserves a key for a request; fingerprint stands for its content. It
// returns one of:
//
//   - nothing but ctx when key is "";
//   - the answer that the same request got before, to be given again;
//   - a reservation, and the context to do the work with: the first
//     transaction under it that commits marks the key as used, and fails
//     with Conflict in_progress if the reservation has been taken over;
//   - Conflict: idempotency_mismatch when the key was used with another
//     content, in_progress (RetryAfter) while the first request runs, and
//     already_done when it has been done but its answer is not kept. Field
//     "_id" of that error names what was made, where that is known.
//
// A key is kept for 24 hours, or for ever.
func (s *Store) Begin(ctx context.Context, scope Scope, key, fingerprint string, forever bool) (context.Context, *Reservation, *Answer, error) {
	if key == "" {
		return ctx, nil, nil, nil
	}
	now := s.clock.MS()
	mine := record{
		scope: scope.text(), key: key, fingerprint: fingerprint, token: id.Secret(12),
		forever: forever, createdAt: now, heldUntil: now + hold.Milliseconds(),
	}
	for {
		reserved, err := reserve(ctx, s.db, mine, now-kept.Milliseconds())
		if err != nil {
			return ctx, nil, nil, err
		}
		if reserved {
			r := &Reservation{store: s, scope: mine.scope, key: key, token: mine.token}
			return sqldb.BeforeCommit(ctx, r.mark), r, nil, nil
		}
		found, err := load(ctx, s.db, mine.scope, key)
		if errs.KindOf(err) == errs.NotFound {
			continue // released in between
		}
		if err != nil {
			return ctx, nil, nil, err
		}
		answer, err := found.verdict(mine)
		return ctx, nil, answer, err
	}
}

// verdict is what the record of an earlier request says to one like it.
func (r record) verdict(again record) (*Answer, error) {
	if r.fingerprint != again.fingerprint {
		return nil, errs.New(errs.Conflict, "idempotency_mismatch", "This Idempotency-Key was used for a different request. Use a new key.")
	}
	if r.state != running && r.status != 0 && !r.secret {
		return &Answer{Status: r.status, Header: r.header, Body: r.body}, nil
	}
	if r.state == done || r.state == committed && r.heldUntil < again.createdAt {
		return nil, alreadyDone(string(r.body))
	}
	wait := max(time.Second, min(5*time.Second, time.Duration(r.heldUntil-again.createdAt)*time.Millisecond))
	return nil, errs.New(errs.Conflict, "in_progress", "The first request with this Idempotency-Key is still running. Try again soon.").WithRetry(wait)
}

func alreadyDone(made string) *errs.Error {
	if made == "" {
		return errs.New(errs.Conflict, "already_done", "The request with this Idempotency-Key has been done; its answer is not kept.")
	}
	return errs.New(errs.Conflict, "already_done", "The request with this Idempotency-Key has been done and made %s; its answer held a secret and is not kept.", made).
		WithFields(errs.Field{Field: "_id", Code: "already_done", Message: made})
}

// SetAnswer tells the answer before the commit, in which it is kept: a retry
// then gets it even if this process ends right after. Not for an answer with
// a secret.
func (r *Reservation) SetAnswer(status int, header map[string]string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = Answer{Status: status, Header: maps.Clone(header), Body: bytes.Clone(body)}
}

// mark is the last act of a transaction of the request.
func (r *Reservation) mark(ctx context.Context, tx *sqldb.Tx) error {
	r.mu.Lock()
	marked, answer := r.marked, r.answer
	r.mu.Unlock()
	if marked {
		return nil
	}
	ours, err := write(ctx, tx, r, committed, answer, false)
	if err != nil {
		return err
	}
	if !ours {
		return errs.New(errs.Conflict, "in_progress", "Another request with this Idempotency-Key has taken over. Try again soon.").WithRetry(time.Second)
	}
	tx.AfterCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.marked = true
	})
	return nil
}

// Finish keeps a 2xx answer and releases the key after any other: the request
// may be sent again. After a 5xx it is released only if nothing was committed.
// Of an answer with a secret only the id in its JSON is kept. Call it with a
// context that does not end with the request.
func (r *Reservation) Finish(ctx context.Context, status int, header map[string]string, body []byte, secret bool) error {
	if status < 200 || status > 299 {
		return release(ctx, r.store.db, r, status < 500)
	}
	r.mu.Lock()
	same := r.marked && r.answer.Status == status && bytes.Equal(r.answer.Body, body) && maps.Equal(r.answer.Header, header)
	r.mu.Unlock()
	if same && !secret {
		return nil // kept in the commit already
	}
	answer := Answer{Status: status, Header: header, Body: body}
	if secret {
		answer.Header, answer.Body = nil, []byte(idIn(body))
	}
	_, err := write(ctx, r.store.db, r, done, answer, secret)
	return err
}

// idIn finds what an answer made: its _id, id or keyId, also below data.
func idIn(body []byte) string {
	var answer, data map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	_ = json.Unmarshal(answer["data"], &data) // absent in some answers
	for _, object := range []map[string]json.RawMessage{answer, data} {
		for _, name := range []string{"_id", "keyId", "id"} {
			var text string
			if json.Unmarshal(object[name], &text) == nil && text != "" {
				return text
			}
		}
	}
	return ""
}

// Sweep forgets the keys that are free again. Run it now and then.
func (s *Store) Sweep(ctx context.Context) error {
	return sweep(ctx, s.db, s.clock.MS()-kept.Milliseconds())
}
