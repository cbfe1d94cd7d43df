package signin

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
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
			n := account.Draft{ID: name, Email: name, EmailKey: name, Username: name, UsernameKey: name, PasswordHash: "x"}
			all.Go(func() {
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
					_, _, err := a.createOwner(t.Context(), tx, token, n, account.SessionInfo{})
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
