package account

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// The tests here run what stands inside the transactions, without the hashing
// before them, which would keep them from meeting.

func newAccounts(db *sqldb.DB) *Accounts {
	c := clock.At(func() time.Time { return time.UnixMilli(1_775_551_816_000) })
	return New(Deps{DB: db, Clock: c, Log: slog.New(slog.DiscardHandler)})
}

func TestFailuresThatMeetAreCountedOneByOne(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		a := newAccounts(db)
		for round := range 5 {
			subjects := withAddress("192.0.2.1", byAccount(fmt.Sprint(round)))
			var counted atomic.Int32
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
						if err := a.lockFailures(t.Context(), tx, subjects, false); err != nil {
							return err
						}
						return countFailures(t.Context(), tx, subjects, a.clock.MS())
					})
					if err == nil {
						counted.Add(1)
					} else if !errs.Is(err, "too_many_sign_ins") {
						t.Error(err)
					}
				})
			}
			all.Wait()
			f, err := loadFailures(t.Context(), db, subjects[0].key)
			if err != nil || counted.Load() != 5 || f.count != 5 {
				t.Errorf("%d failures counted, %d kept, %v", counted.Load(), f.count, err)
			}
		}
	})
}

func TestSetupsThatMeetMakeOneOwner(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		a := newAccounts(db)
		var tokens []string
		for range 5 {
			token, _, err := a.SetupLink(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token, token)
		}
		var owners atomic.Int32
		var all sync.WaitGroup
		for i, token := range tokens {
			name := fmt.Sprintf("name%d", i)
			n := newAccount{ID: name, Email: name, EmailKey: name, Username: name, UsernameKey: name, passwordHash: "x"}
			all.Go(func() {
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
					_, _, err := a.createOwner(t.Context(), tx, token, n, SessionInfo{})
					return err
				})
				if err == nil {
					owners.Add(1)
				} else if !errs.Is(err, "link_expired") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if owners.Load() != 1 {
			t.Errorf("%d owners", owners.Load())
		}
	})
}

func TestAHashGivesWayWhenItsCallerIsGone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		a := newAccounts(db)
		for range cap(a.hashing) {
			a.hashing <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := a.hash(ctx, "x"); err == nil {
			t.Error("hashed beyond the bound")
		}
	})
}
