package idempotency_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var (
	testScope = idempotency.Scope{Principal: "key:1", CommunityID: "c1", Route: "POST /v1/users"}
	errBroken = errors.New("broken")
)

// fixture is a store with a manual clock and a table to change.
type fixture struct {
	*idempotency.Store
	t   *testing.T
	db  *sqldb.DB
	now time.Time
}

func each(t *testing.T, run func(t *testing.T, f *fixture)) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := db.Exec(t.Context(), "CREATE TABLE changes (name TEXT NOT NULL)"); err != nil {
			t.Fatal(err)
		}
		f := &fixture{t: t, db: db, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
		f.Store = idempotency.New(db, clock.At(func() time.Time { return f.now }))
		run(t, f)
	})
}

func (f *fixture) begin(key, fingerprint string) (context.Context, *idempotency.Reservation) {
	f.t.Helper()
	ctx, r, response, err := f.Begin(f.t.Context(), testScope, key, fingerprint, false)
	if err != nil || response != nil || r == nil {
		f.t.Fatalf("no reservation: %v, %v", response, err)
	}
	return ctx, r
}

func (f *fixture) change(ctx context.Context, end error) error {
	return f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO changes (name) VALUES ('one')")
		return errors.Join(err, end)
	})
}

func (f *fixture) finish(r *idempotency.Reservation, status int, body string, secret bool) {
	f.t.Helper()
	if err := r.Finish(f.t.Context(), status, map[string]string{"Location": "/x"}, []byte(body), secret); err != nil {
		f.t.Fatal(err)
	}
}

// wantConflict begins a request, fails the test unless it gets a Conflict with
// the code, and returns the error.
func (f *fixture) wantConflict(key, fingerprint, code string) *errs.Error {
	f.t.Helper()
	_, r, response, err := f.Begin(f.t.Context(), testScope, key, fingerprint, false)
	if r != nil || response != nil || !errs.Is(err, code) || errs.KindOf(err) != errs.Conflict {
		f.t.Fatalf("got %v, %v, %v, want %s", r, response, err, code)
	}
	return errs.From(err)
}

func (f *fixture) wantResponse(key, fingerprint string, want idempotency.Response) {
	f.t.Helper()
	_, r, response, err := f.Begin(f.t.Context(), testScope, key, fingerprint, false)
	if err != nil || r != nil || response == nil {
		f.t.Fatalf("no stored response: %v, %v", r, err)
	}
	if diff := cmp.Diff(want, *response); diff != "" {
		f.t.Fatal(diff)
	}
}

func (f *fixture) changes() int {
	f.t.Helper()
	n, err := sqldb.One(f.t.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM changes")
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

var created = idempotency.Response{Status: 201, Header: map[string]string{"Location": "/x"}, Body: []byte("{\"a\": \"\u00ff\"}")}

func TestEmptyKeyReservesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, r, response, err := f.Begin(t.Context(), testScope, "", "f", false)
		if ctx != t.Context() || r != nil || response != nil || err != nil {
			t.Fatal(r, response, err)
		}
	})
}

func TestRetryGetsTheStoredResponse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, r := f.begin("k", "f")
		_ = f.wantConflict("k", "f", "in_progress")
		if err := f.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		f.finish(r, 201, string(created.Body), false)
		f.wantResponse("k", "f", created)
		_ = f.wantConflict("k", "another", "idempotency_mismatch")
	})
}

func TestKeyIsScopedToPrincipalCommunityAndRoute(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, r := f.begin("k", "f")
		f.finish(r, 200, "{}", false)
		for _, scope := range []idempotency.Scope{
			{Principal: "key:2", CommunityID: "c1", Route: testScope.Route},
			{Principal: "key:1", CommunityID: "c2", Route: testScope.Route},
			{Principal: "key:1", CommunityID: "c1", Route: "POST /v1/tags"},
		} {
			_, r, response, err := f.Begin(t.Context(), scope, "k", "another", false)
			if r == nil || response != nil || err != nil {
				t.Fatal(scope, response, err)
			}
		}
	})
}

func TestRetryOfARunningRequestGetsRetryAfter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.begin("k", "f")
		if err := f.wantConflict("k", "f", "in_progress"); err.RetryAfter < time.Second || err.RetryAfter > time.Minute {
			t.Fatal(err.RetryAfter)
		}
		_ = f.wantConflict("k", "another", "idempotency_mismatch")
	})
}

func TestFailedRequestReleasesTheKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, status := range []int{400, 404, 409, 500, 503} {
			ctx, r := f.begin("k", "f")
			if err := f.change(ctx, errBroken); !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			f.finish(r, status, "{}", false)
		}
		if f.changes() != 0 {
			t.Fatal("a rolled-back change was committed")
		}
		f.begin("k", "another")
	})
}

func TestServerErrorAfterTheCommitDoesNotReleaseTheKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, r := f.begin("k", "f")
		r.SetResponse(201, created.Header, created.Body)
		if err := f.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		f.finish(r, 500, "{}", false)
		f.wantResponse("k", "f", created)
	})
}

func TestOnlyTheIDOfASecretResponseIsStored(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for key, body := range map[string]string{
			"root": `{"keyId": "abc", "key": "secret"}`, "data": `{"status": true, "data": {"_id": "abc", "token": "secret"}}`,
		} {
			ctx, r := f.begin(key, "f")
			if err := f.change(ctx, nil); err != nil {
				t.Fatal(err)
			}
			f.finish(r, 201, body, true)
			err := f.wantConflict(key, "f", "already_done")
			if diff := cmp.Diff([]errs.Field{{Field: "_id", Code: "already_done", Message: "abc"}}, err.Fields); diff != "" {
				t.Fatal(diff)
			}
		}
		n, err := sqldb.One(t.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM idempotency_keys WHERE length(body) > 3")
		if err != nil || n != 0 {
			t.Fatalf("%d secrets stored, %v", n, err)
		}
	})
}

func TestOneOfConcurrentRequestsRuns(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var group sync.WaitGroup
		var ran, waited, answered atomic.Int64
		for range 12 {
			group.Go(func() {
				ctx, r, response, err := f.Begin(t.Context(), testScope, "k", "f", false)
				switch {
				case r != nil:
					ran.Add(1)
					err = errors.Join(f.change(ctx, nil), r.Finish(t.Context(), 200, nil, []byte("{}"), false))
				case response != nil:
					answered.Add(1)
				case errs.Is(err, "in_progress"):
					waited.Add(1)
					err = nil
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if ran.Load() != 1 || waited.Load()+answered.Load() != 11 || f.changes() != 1 {
			t.Fatalf("%d ran, %d waited, %d answered, %d changes", ran.Load(), waited.Load(), answered.Load(), f.changes())
		}
	})
}

func TestTimedOutReservationIsTakenOverOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		slow, late := f.begin("k", "f")
		f.now = f.now.Add(61 * time.Second)
		_ = f.wantConflict("k", "another", "idempotency_mismatch")
		ctx, r := f.begin("k", "f")
		_ = f.wantConflict("k", "f", "in_progress")
		// The first request was slow, not dead: it can no longer commit.
		if err := f.change(slow, nil); !errs.Is(err, "in_progress") || f.changes() != 0 {
			t.Fatalf("%v, %d changes", err, f.changes())
		}
		f.finish(late, 409, "{}", false) // must not release the key
		if err := f.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		f.finish(r, 201, string(created.Body), false)
		f.finish(late, 200, "wrong", false)
		f.wantResponse("k", "f", created)
		if f.changes() != 1 {
			t.Fatal(f.changes())
		}
	})
}

func TestCrashAfterTheCommitDoesNotRepeatTheRequest(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, r := f.begin("response set", "f")
		r.SetResponse(201, created.Header, created.Body)
		if err := f.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		f.wantResponse("response set", "f", created) // without Finish
		ctx, _ = f.begin("response lost", "f")
		if err := f.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		_ = f.wantConflict("response lost", "f", "in_progress")
		f.now = f.now.Add(61 * time.Second)
		_ = f.wantConflict("response lost", "f", "already_done")
		f.wantResponse("response set", "f", created)
		if f.changes() != 2 {
			t.Fatal(f.changes())
		}
	})
}

func TestOnlyTheFirstCommitMarksTheKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, r := f.begin("k", "f")
		if err := f.change(ctx, errBroken); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		r.SetResponse(201, created.Header, created.Body)
		for range 2 {
			if err := f.change(ctx, nil); err != nil {
				t.Fatal(err)
			}
			r.SetResponse(500, nil, nil) // ignored after the commit
		}
		f.wantResponse("k", "f", created)
	})
}

func TestKeyExpiresAfterADayUnlessStoredForever(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, key := range []string{"day", "swept"} {
			_, r := f.begin(key, "f")
			f.finish(r, 201, string(created.Body), false)
		}
		_, r, _, err := f.Begin(t.Context(), testScope, "ever", "f", true)
		if err != nil {
			t.Fatal(err)
		}
		f.finish(r, 201, string(created.Body), false)
		f.now = f.now.Add(24*time.Hour - time.Second)
		if err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.wantResponse("day", "f", created)
		f.now = f.now.Add(2 * time.Second)
		f.begin("day", "another")
		if err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.begin("swept", "another")
		f.wantResponse("ever", "f", created)
		_ = f.wantConflict("ever", "another", "idempotency_mismatch")
	})
}
