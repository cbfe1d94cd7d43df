package once_test

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
	"github.com/regulars/regulars/internal/once"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var (
	here      = once.Scope{Principal: "key:1", CommunityID: "c1", Route: "POST /v1/users"}
	errBroken = errors.New("broken")
)

// desk is a store with a clock moved by hand and a change to make.
type desk struct {
	*once.Store
	t  *testing.T
	db *sqldb.DB
	at time.Time
}

func each(t *testing.T, f func(t *testing.T, d *desk)) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := db.Exec(t.Context(), "CREATE TABLE changes (name TEXT NOT NULL)"); err != nil {
			t.Fatal(err)
		}
		d := &desk{t: t, db: db, at: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
		d.Store = once.New(db, clock.At(func() time.Time { return d.at }))
		f(t, d)
	})
}

func (d *desk) begin(key, fingerprint string) (context.Context, *once.Reservation) {
	d.t.Helper()
	ctx, r, answer, err := d.Begin(d.t.Context(), here, key, fingerprint, false)
	if err != nil || answer != nil || r == nil {
		d.t.Fatalf("no reservation: %v, %v", answer, err)
	}
	return ctx, r
}

func (d *desk) change(ctx context.Context, end error) error {
	return d.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO changes (name) VALUES ('one')")
		return errors.Join(err, end)
	})
}

func (d *desk) finish(r *once.Reservation, status int, body string, secret bool) {
	d.t.Helper()
	if err := r.Finish(d.t.Context(), status, map[string]string{"Location": "/x"}, []byte(body), secret); err != nil {
		d.t.Fatal(err)
	}
}

// refused wants an error with the code, and returns it.
func (d *desk) refused(key, fingerprint, code string) *errs.Error {
	d.t.Helper()
	_, r, answer, err := d.Begin(d.t.Context(), here, key, fingerprint, false)
	if r != nil || answer != nil || !errs.Is(err, code) || errs.KindOf(err) != errs.Conflict {
		d.t.Fatalf("got %v, %v, %v, want %s", r, answer, err, code)
	}
	return errs.From(err)
}

func (d *desk) replayed(key, fingerprint string, want once.Answer) {
	d.t.Helper()
	_, r, answer, err := d.Begin(d.t.Context(), here, key, fingerprint, false)
	if err != nil || r != nil || answer == nil {
		d.t.Fatalf("not answered: %v, %v", r, err)
	}
	if diff := cmp.Diff(want, *answer); diff != "" {
		d.t.Fatal(diff)
	}
}

func (d *desk) changes() int {
	d.t.Helper()
	n, err := sqldb.One(d.t.Context(), d.db, "count", sqldb.Value[int], "SELECT count(*) FROM changes")
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

var created = once.Answer{Status: 201, Header: map[string]string{"Location": "/x"}, Body: []byte("{\"a\": \"\u00ff\"}")}

func TestWithoutAKeyNothingIsReserved(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, r, answer, err := d.Begin(t.Context(), here, "", "f", false)
		if ctx != t.Context() || r != nil || answer != nil || err != nil {
			t.Fatal(r, answer, err)
		}
	})
}

func TestTheSameRequestGetsTheFirstAnswerAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, r := d.begin("k", "f")
		_ = d.refused("k", "f", "in_progress")
		if err := d.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		d.finish(r, 201, string(created.Body), false)
		d.replayed("k", "f", created)
		_ = d.refused("k", "another", "idempotency_mismatch")
	})
}

func TestAKeyIsUniqueToPrincipalCommunityAndRoute(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		_, r := d.begin("k", "f")
		d.finish(r, 200, "{}", false)
		for _, scope := range []once.Scope{
			{Principal: "key:2", CommunityID: "c1", Route: here.Route},
			{Principal: "key:1", CommunityID: "c2", Route: here.Route},
			{Principal: "key:1", CommunityID: "c1", Route: "POST /v1/tags"},
		} {
			_, r, answer, err := d.Begin(t.Context(), scope, "k", "another", false)
			if r == nil || answer != nil || err != nil {
				t.Fatal(scope, answer, err)
			}
		}
	})
}

func TestARunningRequestSaysWhenToTryAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.begin("k", "f")
		if err := d.refused("k", "f", "in_progress"); err.RetryAfter < time.Second || err.RetryAfter > time.Minute {
			t.Fatal(err.RetryAfter)
		}
		_ = d.refused("k", "another", "idempotency_mismatch")
	})
}

func TestARequestThatFailedMayBeSentAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, status := range []int{400, 404, 409, 500, 503} {
			ctx, r := d.begin("k", "f")
			if err := d.change(ctx, errBroken); !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			d.finish(r, status, "{}", false)
		}
		if d.changes() != 0 {
			t.Fatal("a change stayed")
		}
		d.begin("k", "another") // the key is free altogether
	})
}

func TestAServerErrorAfterTheCommitDoesNotFreeTheKey(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, r := d.begin("k", "f")
		r.SetAnswer(201, created.Header, created.Body)
		if err := d.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		d.finish(r, 500, "{}", false)
		d.replayed("k", "f", created)
	})
}

func TestOfAnAnswerWithASecretOnlyTheIDIsKept(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for key, body := range map[string]string{
			"root": `{"keyId": "abc", "key": "secret"}`, "data": `{"status": true, "data": {"_id": "abc", "token": "secret"}}`,
		} {
			ctx, r := d.begin(key, "f")
			if err := d.change(ctx, nil); err != nil {
				t.Fatal(err)
			}
			d.finish(r, 201, body, true)
			err := d.refused(key, "f", "already_done")
			if diff := cmp.Diff([]errs.Field{{Field: "_id", Code: "already_done", Message: "abc"}}, err.Fields); diff != "" {
				t.Fatal(diff)
			}
		}
		n, err := sqldb.One(t.Context(), d.db, "count", sqldb.Value[int], "SELECT count(*) FROM idempotency_keys WHERE length(body) > 3")
		if err != nil || n != 0 {
			t.Fatalf("%d secrets kept, %v", n, err)
		}
	})
}

func TestOfTwoRequestsAtOnceExactlyOneRuns(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var group sync.WaitGroup
		var ran, waited, answered atomic.Int64
		for range 12 {
			group.Go(func() {
				ctx, r, answer, err := d.Begin(t.Context(), here, "k", "f", false)
				switch {
				case r != nil:
					ran.Add(1)
					err = errors.Join(d.change(ctx, nil), r.Finish(t.Context(), 200, nil, []byte("{}"), false))
				case answer != nil:
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
		if ran.Load() != 1 || waited.Load()+answered.Load() != 11 || d.changes() != 1 {
			t.Fatalf("%d ran, %d waited, %d answered, %d changes", ran.Load(), waited.Load(), answered.Load(), d.changes())
		}
	})
}

func TestTheReservationOfACrashedProcessIsTakenOverByOne(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		slow, late := d.begin("k", "f")
		d.at = d.at.Add(61 * time.Second)
		_ = d.refused("k", "another", "idempotency_mismatch")
		ctx, r := d.begin("k", "f")
		_ = d.refused("k", "f", "in_progress")
		// The first one was only slow: it cannot do anything any more.
		if err := d.change(slow, nil); !errs.Is(err, "in_progress") || d.changes() != 0 {
			t.Fatalf("%v, %d changes", err, d.changes())
		}
		d.finish(late, 409, "{}", false) // nor free the key
		if err := d.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		d.finish(r, 201, string(created.Body), false)
		d.finish(late, 200, "wrong", false)
		d.replayed("k", "f", created)
		if d.changes() != 1 {
			t.Fatal(d.changes())
		}
	})
}

func TestACrashAfterTheCommitDoesNotLetTheRequestRunAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, r := d.begin("answer known", "f")
		r.SetAnswer(201, created.Header, created.Body)
		if err := d.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		d.replayed("answer known", "f", created) // no Finish ever comes
		ctx, _ = d.begin("answer lost", "f")
		if err := d.change(ctx, nil); err != nil {
			t.Fatal(err)
		}
		_ = d.refused("answer lost", "f", "in_progress")
		d.at = d.at.Add(61 * time.Second)
		_ = d.refused("answer lost", "f", "already_done")
		d.replayed("answer known", "f", created)
		if d.changes() != 2 {
			t.Fatal(d.changes())
		}
	})
}

func TestOnlyTheFirstCommitMarksTheKey(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, r := d.begin("k", "f")
		if err := d.change(ctx, errBroken); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		r.SetAnswer(201, created.Header, created.Body)
		for range 2 {
			if err := d.change(ctx, nil); err != nil {
				t.Fatal(err)
			}
			r.SetAnswer(500, nil, nil) // too late
		}
		d.replayed("k", "f", created)
	})
}

func TestAKeyIsFreeAfterADayUnlessItIsKeptForEver(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, key := range []string{"day", "swept"} {
			_, r := d.begin(key, "f")
			d.finish(r, 201, string(created.Body), false)
		}
		_, r, _, err := d.Begin(t.Context(), here, "ever", "f", true)
		if err != nil {
			t.Fatal(err)
		}
		d.finish(r, 201, string(created.Body), false)
		d.at = d.at.Add(24*time.Hour - time.Second)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.replayed("day", "f", created)
		d.at = d.at.Add(2 * time.Second)
		d.begin("day", "another")
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.begin("swept", "another")
		d.replayed("ever", "f", created)
		_ = d.refused("ever", "another", "idempotency_mismatch")
	})
}
