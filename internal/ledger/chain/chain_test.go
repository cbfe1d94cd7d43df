package chain_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/chain"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct {
	*membertest.Fixture
	ledger *ledger.Ledger
	chain  *chain.Chain
	ada    string
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		f := &fixture{Fixture: m, ledger: ledger.New(ledger.Deps{})}
		f.chain = chain.New(chain.Deps{DB: f.DB, Log: slog.New(slog.DiscardHandler), Access: f.NewAccess()})
		f.ada = f.People("ada")[0].ID
		test(f)
	})
}

func (f *fixture) post(amount int64) (e ledger.Entry) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
		p, err := f.ledger.PostOne(f.Context(), tx, f.Community, ledger.Post{UserID: f.ada, Unit: ledger.Coins, Amount: amount, Source: ledger.Source{Type: ledger.FromAPI}})
		e = p.Entry
		return err
	}))
	return e
}

func (f *fixture) verify() chain.Result {
	f.Helper()
	r, verificationID, err := f.chain.Verify(f.Context(), membertest.Command, f.Community)
	f.OK(err)
	if verificationID != "" {
		f.Fatal("it became a job")
	}
	return r
}

func (f *fixture) exec(query string, args ...any) {
	f.Helper()
	n, err := f.DB.Exec(f.Context(), query, args...)
	f.OK(err)
	if n != 1 {
		f.Fatalf("%d rows: %s", n, query)
	}
}

func (f *fixture) verifyAll() chain.Result {
	f.Helper()
	engine := jobs.New(f.DB, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.chain.Feature().Jobs(engine)
	verificationID, err := f.chain.VerifyAll(f.Context(), membertest.Command, f.Community)
	f.OK(err)
	if _, done, err := f.chain.Verification(f.Context(), membertest.Command, f.Community, verificationID); done || err != nil {
		f.Fatalf("done before it ran, %v", err)
	}
	job, err := sqldb.One(f.Context(), f.DB, "job", sqldb.Value[string], "SELECT id FROM jobs WHERE kind = 'ledger.verify' AND state = 'queued'")
	f.OK(err)
	f.OK(engine.RunUntilDone(f.Context(), job))
	r, done, err := f.chain.Verification(f.Context(), membertest.Command, f.Community, verificationID)
	f.OK(err)
	if !done {
		f.Fatal("not done")
	}
	return r
}

func TestChainIsSealedAndVerified(t *testing.T) {
	each(t, func(f *fixture) {
		if r := f.verify(); !r.OK || r.Entries != 0 {
			t.Errorf("an empty ledger: %+v", r)
		}
		var last ledger.Entry
		for i := range 7 {
			last = f.post(int64(10 + i))
			if i%3 == 0 {
				f.OK(f.chain.SealAll(t.Context()))
			}
		}
		f.post(-20)
		if r := f.verify(); !r.OK || r.Entries != 7 || r.SealedUpTo != last.ID || r.Checked != 1 {
			t.Errorf("with one entry that is not sealed: %+v", r)
		}
		f.OK(f.chain.SealAll(t.Context()))
		if r := f.verify(); !r.OK || r.Entries != 8 || r.Checked != 1 {
			t.Errorf("from the last verified seal on: %+v", r)
		}
		quick, full := f.verify(), f.verifyAll()
		if !full.OK || full.Checked != 1 || full.Head != quick.Head || full.Entries != 8 {
			t.Errorf("from the start: %+v, %+v", full, quick)
		}
		events, err := sqldb.One(t.Context(), f.DB, "events", sqldb.Value[int64], "SELECT count(*) FROM events WHERE type = 'ledger.sealed'")
		f.OK(err)
		if events != 1 {
			t.Errorf("%d events of one day", events)
		}
	})
}

func TestChangedRowsAreFound(t *testing.T) {
	each(t, func(f *fixture) {
		first := f.post(50)
		f.post(-20)
		f.OK(f.chain.SealAll(t.Context()))
		f.post(5)
		f.OK(f.chain.SealAll(t.Context()))
		for name, c := range map[string]struct {
			change, undo  string
			broken, wrong int
		}{
			"an amount":        {"UPDATE ledger_entries SET amount = 51 WHERE id = $1", "UPDATE ledger_entries SET amount = 50 WHERE id = $1", 1, 1},
			"a holder":         {"UPDATE ledger_entries SET source_id = 'x' WHERE id = $1", "UPDATE ledger_entries SET source_id = id WHERE id = $1", 1, 0},
			"a cached balance": {"UPDATE ledger_balances SET posted = 36 WHERE last_id > $1", "UPDATE ledger_balances SET posted = 35 WHERE last_id > $1", 0, 1},
			"a lot":            {"UPDATE ledger_lots SET remaining = 29 WHERE amount = 50 AND id <> $1", "UPDATE ledger_lots SET remaining = 30 WHERE amount = 50 AND id <> $1", 0, 1},
			"a held part":      {"UPDATE ledger_lots SET held = 1 WHERE amount = 50 AND id <> $1", "UPDATE ledger_lots SET held = 0 WHERE amount = 50 AND id <> $1", 0, 1},
		} {
			f.exec(c.change, first.ID)
			if r := f.verifyAll(); r.OK || len(r.Broken) != c.broken || len(r.Wrong) != c.wrong {
				t.Errorf("%s: %+v", name, r)
			}
			f.exec(c.undo, first.ID)
		}
		f.exec("INSERT INTO ledger_entries SELECT community_id, '000000000000000000000001', 'nobody', unit, amount, balance_after, counter, reason, source_type, 'x', part, lot_id, expires_at, reversal_of, hold_id, lots, occurred_at, created_at FROM ledger_entries WHERE id = $1", first.ID)
		if r := f.verifyAll(); r.OK || r.Stray != 1 {
			t.Errorf("with an entry from nowhere: %+v", r)
		}
		f.exec("DELETE FROM ledger_entries WHERE holder = 'nobody'")
		if r := f.verifyAll(); !r.OK {
			t.Errorf("after all: %+v", r)
		}
		f.exec("DELETE FROM ledger_entries WHERE id = $1", first.ID)
		if r := f.verifyAll(); r.OK || len(r.Broken) != 1 || fmt.Sprint(r.Wrong) == "[]" {
			t.Errorf("without an entry: %+v", r)
		}
	})
}

func TestManyEntriesAreVerifiedByAJob(t *testing.T) {
	each(t, func(f *fixture) {
		f.chain.SetMaxQuick(2)
		for range 2 {
			f.post(1)
		}
		f.OK(f.chain.SealAll(t.Context()))
		if r := f.verify(); r.Entries != 2 {
			t.Errorf("%+v", r)
		}
		for range 3 {
			f.post(1)
		}
		f.OK(f.chain.SealAll(t.Context()))
		r, verificationID, err := f.chain.Verify(t.Context(), membertest.Command, f.Community)
		if err != nil || verificationID == "" || r.Entries != 0 {
			t.Errorf("%+v, %q, %v", r, verificationID, err)
		}
	})
}

// An entry that was committed late is in a later seal, though its id is lower.
func TestLateEntriesAreSealedLater(t *testing.T) {
	each(t, func(f *fixture) {
		ben := f.People("ben")[0].ID
		f.post(1)
		f.OK(f.chain.SealAll(t.Context()))
		f.OK(f.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := f.ledger.PostOne(t.Context(), tx, f.Community, ledger.Post{UserID: ben, Unit: ledger.XP, Amount: 9, Source: ledger.Source{Type: ledger.FromRule, ID: "x"}})
			return err
		}))
		const late = "000000000000000000000001"
		packed, err := id.Pack([]string{late})
		f.OK(err)
		f.exec("UPDATE ledger_entries SET id = $1 WHERE amount = 9", late)
		f.exec("UPDATE ledger_unsealed SET ids = $1", packed)
		f.OK(f.chain.SealAll(t.Context()))
		if r := f.verifyAll(); len(r.Broken) != 0 || r.Entries != 2 {
			t.Errorf("%+v", r)
		}
	})
}
