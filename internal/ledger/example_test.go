package ledger_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Worked example 1 of the contract.
func TestEndOfALot(t *testing.T) {
	each(t, func(f *fixture) {
		for _, c := range []struct {
			at, roundTo, want string
			days              int64
		}{
			{"2026-03-01T12:00:00.000Z", "none", "2026-03-31T22:00:00.000Z", 30},
			{"2026-03-01T22:59:59.999Z", "none", "2026-03-31T22:00:00.000Z", 30},
			{"2026-03-01T23:00:00.000Z", "none", "2026-04-01T22:00:00.000Z", 30},
			{"2026-11-28T10:00:00.000Z", "none", "2027-02-26T23:00:00.000Z", 90},
			{"2026-11-28T10:00:00.000Z", "month_end", "2027-02-28T23:00:00.000Z", 90},
			{"2026-12-01T10:00:00.000Z", "none", "", 0},
		} {
			f.at(c.at)
			f.set(community.Change{CoinsExpiry: &community.Expiry{Days: c.days, RoundTo: c.roundTo}})
			if got := clock.Format(f.coins(1).ExpiresAt); got != c.want {
				t.Errorf("%+v: %s", c, got)
			}
		}
		f.set(community.Change{CoinsExpiry: &community.Expiry{}, TimeZone: new("UTC")})
		if got := clock.Format(f.post(ledger.Post{Unit: ledger.XP, Amount: 5}).ExpiresAt); got != "" {
			t.Errorf("XP ends at %s", got)
		}
	})
}

// spring posts the credits of worked example 2 and returns the lots, then the debit.
func (f *fixture) spring() (lots [3]string, debit ledger.Entry) {
	f.Helper()
	f.set(community.Change{CoinsExpiry: &community.Expiry{Days: 30}})
	lots[0] = f.coins(100).LotID
	f.at("2026-03-05T09:00:00.000Z")
	end := clock.Parse("2026-03-20T23:00:00.000Z")
	lots[1] = f.post(ledger.Post{Unit: ledger.Coins, Amount: 50, ExpiresAt: &end}).LotID
	f.at("2026-03-10T09:00:00.000Z")
	lots[2] = f.post(ledger.Post{Unit: ledger.Coins, Amount: 70, ExpiresAt: new(ledger.Never)}).LotID
	f.wantBalance(220, 0)
	f.at("2026-03-15T10:00:00.000Z")
	return lots, f.post(ledger.Post{Unit: ledger.Coins, Amount: -120, Source: ledger.Source{Type: ledger.FromPurchase, ID: "o1"}})
}

// Worked example 2 of the contract.
func TestSpendOrderExpiryAndRefund(t *testing.T) {
	each(t, func(f *fixture) {
		lots, debit := f.spring()
		f.want(debit.Lots, []ledger.Part{{LotID: lots[1], Amount: -50}, {LotID: lots[0], Amount: -70}})
		f.wantBalance(100, 0)
		f.at("2026-03-31T21:59:59.999Z")
		f.want(f.balance(ledger.Coins, "2026-03-16T00:00:00.000Z"), ledger.Balance{Posted: 100, Expiring: []ledger.Expiring{{Amount: 30, At: clock.Parse("2026-03-31T22:00:00.000Z")}}})
		f.wantBalance(100, 0)
		f.at("2026-03-31T22:00:00.000Z")
		f.wantBalance(70, 0)
		f.coins(5)
		f.wantBalance(75, 0)
		ended, err := sqldb.All(t.Context(), f.DB, sqldb.Value[int64], "SELECT amount FROM ledger_entries WHERE source_type = 'expiry' AND source_id = $1", lots[0])
		f.OK(err)
		f.want(ended, []int64{-30})
		f.at("2026-04-05T00:00:00.000Z")
		if past := f.balance(ledger.Coins, "2026-03-10T09:00:00.000Z"); past.Posted != 220 || len(past.Expiring) != 2 {
			t.Errorf("%+v", past)
		}
		if past := f.balance(ledger.Coins, "2026-03-31T22:00:00.000Z"); past.Posted != 75 {
			t.Errorf("%+v", past)
		}
	})
}

func TestRefundBeforeAndAfterTheEndOfALot(t *testing.T) {
	each(t, func(f *fixture) {
		lots, debit := f.spring()
		f.at("2026-03-25T10:00:00.000Z")
		var back ledger.Posted
		refund := func() {
			f.OK(f.tx(func(tx *sqldb.Tx) (err error) {
				back, err = f.ledger.Refund(t.Context(), tx, f.Community, debit.ID, "Order cancelled")
				return err
			}))
		}
		refund()
		f.want(back.Entry.Lots, []ledger.Part{{LotID: lots[0], Amount: 70}, {LotID: back.Entry.LotID, Amount: 50}})
		f.want(clock.Format(back.Entry.ExpiresAt), "2026-04-24T22:00:00.000Z")
		f.wantBalance(220, 0)
		if refund(); !back.Repeat {
			t.Error("a second refund was paid")
		}
		for _, step := range []struct {
			at   string
			want int64
		}{{"2026-03-31T21:59:59.999Z", 220}, {"2026-03-31T22:00:00.000Z", 120}, {"2026-04-24T21:59:59.999Z", 120}, {"2026-04-24T22:00:00.000Z", 70}} {
			f.at(step.at)
			f.wantBalance(step.want, 0)
		}
	})
	each(t, func(f *fixture) {
		_, debit := f.spring()
		f.at("2026-04-02T10:00:00.000Z")
		f.OK(f.tx(func(tx *sqldb.Tx) error {
			back, err := f.ledger.Refund(t.Context(), tx, f.Community, debit.ID, "Order cancelled")
			f.want(clock.Format(back.Entry.ExpiresAt), "2026-05-02T22:00:00.000Z")
			return err
		}))
		f.wantBalance(190, 0)
		f.at("2026-05-02T22:00:00.000Z")
		f.wantBalance(70, 0)
	})
}

func TestADebitReturnsOnce(t *testing.T) {
	each(t, func(f *fixture) {
		f.coins(100)
		played := f.post(ledger.Post{Unit: ledger.Coins, Amount: -30, Source: ledger.Source{Type: ledger.FromGame, ID: "p1"}})
		bought := f.post(ledger.Post{Unit: ledger.Coins, Amount: -20, Source: ledger.Source{Type: ledger.FromPurchase, ID: "o1"}})
		act := func(id string, refund bool) (err error) {
			return f.tx(func(tx *sqldb.Tx) error {
				if refund {
					_, err = f.ledger.Refund(t.Context(), tx, f.Community, id, "x")
				} else {
					_, err = f.ledger.Reverse(t.Context(), tx, f.Community, id, "x")
				}
				return err
			})
		}
		f.OK(act(played.ID, false))
		f.refused(act(played.ID, true), "entry_not_found")
		f.OK(act(bought.ID, true))
		f.refused(act(bought.ID, false), "not_reversible")
		f.wantBalance(100, 0)
	})
}

// Worked example 3 of the contract.
func TestHolds(t *testing.T) {
	each(t, func(f *fixture) {
		f.coins(190)
		hold := func(amount int64, lasting time.Duration) (h ledger.Hold) {
			f.OK(f.tx(func(tx *sqldb.Tx) (err error) {
				h, err = f.ledger.Reserve(t.Context(), tx, f.Community, f.ada, ledger.Coins, amount, "Table", lasting)
				return err
			}))
			return h
		}
		capture := func(id string, amount int64) (e ledger.Entry, err error) {
			err = f.tx(func(tx *sqldb.Tx) error {
				_, e, err = f.ledger.Capture(t.Context(), tx, f.Community, id, amount, "")
				return err
			})
			return e, err
		}
		first := hold(150, 15*time.Minute)
		f.wantBalance(190, 150)
		_, err := f.try(ledger.Post{Unit: ledger.Coins, Amount: -50})
		f.refused(err, "insufficient_balance")
		_, err = capture(first.ID, 151)
		f.refused(err, "amount_out_of_range")
		e, err := capture(first.ID, 100)
		f.OK(err)
		if e.Amount != -100 || e.HoldID != first.ID || e.Reason != "Table" {
			t.Errorf("%+v", e)
		}
		f.wantBalance(90, 0)
		_, err = capture(first.ID, 0)
		f.refused(err, "hold_final")
		second := hold(90, time.Minute)
		f.now = f.now.Add(61 * time.Second)
		_, err = capture(second.ID, 0)
		f.refused(err, "hold_expired")
		f.wantBalance(90, 0)
		third := hold(90, time.Minute)
		f.OK(f.tx(func(tx *sqldb.Tx) error {
			h, err := f.ledger.Release(t.Context(), tx, f.Community, third.ID)
			f.want(h.Status, ledger.HoldReleased)
			return err
		}))
		f.wantBalance(90, 0)
		_, err = capture("665f1a2b3c4d5e6f70819302", 0)
		f.refused(err, "hold_not_found")
	})
}

// A held part does not end with its lot; it ends at once after the release.
func TestAHeldPartOutlivesItsLot(t *testing.T) {
	each(t, func(f *fixture) {
		end := clock.Parse("2026-03-02T00:00:00.000Z")
		lot := f.post(ledger.Post{Unit: ledger.Coins, Amount: 100, ExpiresAt: &end})
		var held ledger.Hold
		f.OK(f.tx(func(tx *sqldb.Tx) (err error) {
			held, err = f.ledger.Reserve(t.Context(), tx, f.Community, f.ada, ledger.Coins, 60, "Table", 48*time.Hour)
			return err
		}))
		f.at("2026-03-02T06:00:00.000Z")
		f.wantBalance(60, 60)
		f.OK(f.tx(func(tx *sqldb.Tx) error {
			_, _, err := f.ledger.Capture(t.Context(), tx, f.Community, held.ID, 25, "")
			return err
		}))
		f.wantBalance(0, 0)
		parts, err := sqldb.All(t.Context(), f.DB, sqldb.Value[int64], "SELECT amount FROM ledger_entries WHERE source_id = $1 ORDER BY part", lot.LotID)
		f.OK(err)
		f.want(parts, []int64{-40, -35})
		f.at("2026-03-05T00:00:00.000Z")
		f.want(f.balance(ledger.Coins, "2026-03-02T05:00:00.000Z"), ledger.Balance{Posted: 60, Held: 60})
	})
}

// Worked example 4 of the contract.
func TestReversal(t *testing.T) {
	each(t, func(f *fixture) {
		credit := f.coins(100)
		debit := f.coins(-70)
		reverse := func(id string) (r ledger.Reversal, err error) {
			err = f.tx(func(tx *sqldb.Tx) error {
				r, err = f.ledger.Reverse(t.Context(), tx, f.Community, id, "Mistake")
				return err
			})
			return r, err
		}
		r, err := reverse(credit.ID)
		f.OK(err)
		if r.Entry == nil || r.Entry.Amount != -30 || r.Reversed != 30 || r.Kept != 70 || r.Entry.ReversalOf != credit.ID || r.Entry.OccurredAt != credit.OccurredAt {
			t.Errorf("%+v", r)
		}
		f.wantBalance(0, 0)
		_, err = reverse(credit.ID)
		f.refused(err, "already_reversed")
		back, err := reverse(debit.ID)
		f.OK(err)
		if back.Entry.Amount != 70 || back.Reversed != 70 || back.Kept != 0 {
			t.Errorf("%+v", back)
		}
		f.wantBalance(70, 0)
		_, err = reverse(back.Entry.ID)
		f.refused(err, "not_reversible")
		_, err = reverse("665f1a2b3c4d5e6f70819302")
		f.refused(err, "entry_not_found")
		spent := f.coins(10)
		f.coins(-80)
		r, err = reverse(spent.ID)
		f.OK(err)
		if r.Entry != nil || r.Kept != 10 {
			t.Errorf("nothing was left: %+v", r)
		}
	})
}

// Worked example 6 of the contract.
func TestAmounts(t *testing.T) {
	each(t, func(f *fixture) {
		f.coins(ledger.MaxAmount)
		for _, amount := range []int64{ledger.MaxAmount + 1, 0, -ledger.MaxAmount - 1} {
			_, err := f.try(ledger.Post{Unit: ledger.Coins, Amount: amount})
			f.refused(err, "amount_out_of_range")
		}
		_, err := f.try(ledger.Post{Unit: ledger.Premium, Amount: -1})
		f.refused(err, "insufficient_balance")
		_, err = f.DB.Exec(t.Context(), "UPDATE ledger_balances SET posted = $1 WHERE unit = 'coins'", int64(ledger.MaxBalance))
		f.OK(err)
		_, err = f.try(ledger.Post{Unit: ledger.Coins, Amount: 1})
		f.refused(err, "amount_out_of_range")
	})
}

// Worked example 7 of the contract.
func TestHashChain(t *testing.T) {
	const holder = "b7d0c1aa5e0f4c6d9a8b7c6d5e4f3a2b"
	entries := []ledger.Entry{
		{
			ID: "665f1a2b3c4d5e6f70819301", Holder: holder, Unit: ledger.Coins, Amount: 100, BalanceAfter: 100, Source: ledger.Source{Type: ledger.FromAPI, ID: "665f1a2b3c4d5e6f70819301"},
			Lots: []ledger.Part{{LotID: "665f1a2b3c4d5e6f70819311", Amount: 100}}, ExpiresAt: 1774994400000, CreatedAt: 1772366400000,
		},
		{
			ID: "665f1a2b3c4d5e6f70819302", Holder: holder, Unit: ledger.Coins, Amount: -30, BalanceAfter: 70, Source: ledger.Source{Type: ledger.FromPurchase, ID: "665f1a2b3c4d5e6f70819321"},
			Lots: []ledger.Part{{LotID: "665f1a2b3c4d5e6f70819311", Amount: -30}}, CreatedAt: 1772440200500,
		},
	}
	want := []string{"ce3cfc942f48325e74fb4094ce2972d5dd56755785827284c66117480bd2dddf", "fcd1b2a175a4d84ba2a03fe0617b937b4d671a65bd95eb5bf0f3e35824199866"}
	var last [32]byte
	for i := range entries {
		line, err := entries[i].Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if last = sha256.Sum256(append(last[:], line...)); hex.EncodeToString(last[:]) != want[i] {
			t.Errorf("%s: %x", line, last)
		}
	}
}
