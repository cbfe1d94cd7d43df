package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

// fixture is a ledger in a community in Berlin, with a clock that the test sets.
type fixture struct {
	*membertest.Fixture
	ledger *ledger.Ledger
	now    time.Time
	moves  []ledger.Move
	ada    string
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		f := &fixture{Fixture: m}
		f.ledger = ledger.New(ledger.Deps{
			Clock: clock.At(func() time.Time { return f.now }),
			Moved: []ledger.MoveHook{func(_ context.Context, _ *sqldb.Tx, _ string, moves []ledger.Move) error {
				f.moves = append(f.moves, moves...)
				return nil
			}},
		})
		f.set(community.Change{TimeZone: new("Europe/Berlin")})
		f.at("2026-03-01T12:00:00.000Z")
		f.ada = f.People("ada")[0].ID
		test(f)
	})
}

// set changes settings of the community.
func (f *fixture) set(c community.Change) {
	f.Helper()
	_, err := community.New(community.Deps{DB: f.DB}).Update(f.Context(), f.Community, c, actor.Actor{})
	f.OK(err)
}

// at sets the clock.
func (f *fixture) at(text string) {
	f.Helper()
	at, err := time.Parse(clock.Layout, text)
	f.OK(err)
	f.now = at
}

func (f *fixture) tx(run func(tx *sqldb.Tx) error) error { return f.DB.Tx(f.Context(), run) }

// try posts one entry.
func (f *fixture) try(p ledger.Post) (posted ledger.Posted, err error) {
	if p.UserID == "" {
		p.UserID = f.ada
	}
	if p.Source.Type == "" {
		p.Source.Type = ledger.FromAPI
	}
	err = f.tx(func(tx *sqldb.Tx) error {
		posted, err = f.ledger.PostOne(f.Context(), tx, f.Community, p)
		return err
	})
	return posted, err
}

// post posts one entry that is not refused.
func (f *fixture) post(p ledger.Post) ledger.Entry {
	f.Helper()
	posted, err := f.try(p)
	f.OK(err)
	return posted.Entry
}

func (f *fixture) coins(amount int64) ledger.Entry {
	f.Helper()
	return f.post(ledger.Post{Unit: ledger.Coins, Amount: amount})
}

// refused fails the test unless an error has a code.
func (f *fixture) refused(err error, code string) {
	f.Helper()
	if !errs.Is(err, code) {
		f.Errorf("%v, want %s", err, code)
	}
}

// balance returns what Ada has at a time, "": now.
func (f *fixture) balance(unit ledger.Unit, at string) ledger.Balance {
	f.Helper()
	ms := f.now.UnixMilli()
	if at != "" {
		parsed, err := time.Parse(clock.Layout, at)
		f.OK(err)
		ms = parsed.UnixMilli()
	}
	all, err := ledger.Balances(f.Context(), f.DB, f.Community, f.ada, ms, f.now.UnixMilli())
	f.OK(err)
	return all[unit]
}

// wantBalance checks posted and held coins.
func (f *fixture) wantBalance(posted, held int64) {
	f.Helper()
	if b := f.balance(ledger.Coins, ""); b.Posted != posted || b.Held != held {
		f.Errorf("%d coins and %d held, want %d and %d", b.Posted, b.Held, posted, held)
	}
}

func (f *fixture) want(got, want any) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Error(diff)
	}
}

// detail returns the available amount of an insufficient balance.
func detail(err error) (int64, bool) {
	amount, ok := errs.From(err).Details["balance"].(int64)
	return amount, ok
}
