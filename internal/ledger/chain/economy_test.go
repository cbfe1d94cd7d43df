package chain_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/economy"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

// TestSealsCountTheEconomy compares the totals with entries of every kind.
func TestSealsCountTheEconomy(t *testing.T) {
	each(t, func(f *fixture) {
		tomorrow := clock.Clock{}.MS() + 24*60*60*1000
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			posted, err := f.ledger.Post(f.Context(), tx, f.Community, []ledger.Post{
				{UserID: f.ada, Unit: ledger.Coins, Amount: 100, Source: ledger.Source{Type: ledger.FromRule, ID: "message:a"}},
				{UserID: f.ada, Unit: ledger.Coins, Amount: 40, Source: ledger.Source{Type: ledger.FromBadge, ID: "b"}, ExpiresAt: &tomorrow},
				{UserID: f.ada, Unit: ledger.XP, Amount: 7, Source: ledger.Source{Type: ledger.FromRule, ID: "message:a"}},
				{UserID: f.ada, Unit: ledger.Coins, Amount: -30, Source: ledger.Source{Type: ledger.FromPurchase, ID: "c"}},
			})
			if err != nil {
				return err
			}
			_, err = f.ledger.Reverse(f.Context(), tx, f.Community, posted[2].Entry.ID, "")
			return err
		}))
		e := economy.New(economy.Deps{DB: f.DB, Clock: clock.Clock{}, Access: f.NewAccess()})
		before, err := e.Summary(f.Context(), membertest.Command, f.Community, 30)
		f.OK(err)
		if of(before, ledger.Coins).Outstanding != 0 {
			f.Errorf("before the seal: %+v", before)
		}
		f.OK(f.chain.SealAll(f.Context()))
		f.OK(f.chain.SealAll(f.Context())) // nothing is counted twice
		s, err := e.Summary(f.Context(), membertest.Command, f.Community, 30)
		f.OK(err)
		want := economy.Unit{
			Unit: ledger.Coins, Flow: economy.Flow{Issued: 140, Spent: 30}, Outstanding: 110, Expiring: 10,
			Sources: []economy.SourceFlow{{Type: ledger.FromRule, Credited: 100, Entries: 1}, {Type: ledger.FromBadge, Credited: 40, Entries: 1}, {Type: ledger.FromPurchase, Debited: 30, Entries: 1}},
		}
		coins := of(s, ledger.Coins)
		if last := coins.Days[len(coins.Days)-1]; len(coins.Days) != 30 || last != coins.Flow {
			f.Errorf("the last of %d days: %+v", len(coins.Days), last)
		}
		coins.Days = nil
		if d := cmp.Diff(want, coins); d != "" {
			f.Error(d)
		}
		if xp := of(s, ledger.XP); xp.Issued != 0 || xp.Outstanding != 0 || len(xp.Sources) != 2 {
			f.Errorf("a reversed credit counts: %+v", xp)
		}
	})
}

func of(s economy.Summary, unit ledger.Unit) economy.Unit {
	return s.Units[slices.Index(ledger.Units, unit)]
}
