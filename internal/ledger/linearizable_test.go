package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// request is an act on one balance: "earn", "spend", "hold", "capture", "release", "read".
type request struct {
	act    string
	amount int64
	holdID string
}

// response is its result. available is that of an insufficient balance, or of a read.
type response struct {
	ok        bool
	holdID    string
	available int64
}

// till is the state of the model.
type till struct {
	posted int64
	holds  map[string]int64
}

func (s till) available() int64 {
	left := s.posted
	for _, amount := range s.holds {
		left -= amount
	}
	return left
}

// with returns the state after a change, with holds of its own.
func (s till) with(posted int64, change func(holds map[string]int64)) till {
	next := till{posted, maps.Clone(s.holds)}
	change(next.holds)
	return next
}

var balanceModel = porcupine.Model{
	Init: func() any { return till{holds: map[string]int64{}} },
	Equal: func(a, b any) bool {
		return a.(till).posted == b.(till).posted && maps.Equal(a.(till).holds, b.(till).holds)
	},
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.(till), input.(request), output.(response)
		held, open := s.holds[in.holdID]
		switch in.act {
		case "earn":
			return out.ok, s.with(s.posted+in.amount, func(map[string]int64) {})
		case "spend":
			if in.amount > s.available() {
				return !out.ok && out.available == s.available(), s
			}
			return out.ok, s.with(s.posted-in.amount, func(map[string]int64) {})
		case "hold":
			if in.amount > s.available() {
				return !out.ok && out.available == s.available(), s
			}
			return out.ok, s.with(s.posted, func(holds map[string]int64) { holds[out.holdID] = in.amount })
		case "capture":
			return out.ok == open, s.with(s.posted-held, func(holds map[string]int64) { delete(holds, in.holdID) })
		case "release":
			return out.ok == open, s.with(s.posted, func(holds map[string]int64) { delete(holds, in.holdID) })
		default:
			return out.available == s.available(), s
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// TestHistoriesOfABalanceAreLinearizable records what concurrent clients of one balance
// saw.
func TestHistoriesOfABalanceAreLinearizable(t *testing.T) {
	each(t, func(f *fixture) {
		var mu sync.Mutex
		var history []porcupine.Operation
		var all sync.WaitGroup
		for client := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(client), 11))
				var held []string
				for range 25 {
					in := request{act: []string{"earn", "spend", "spend", "hold", "hold", "capture", "release", "read"}[r.IntN(8)], amount: int64(1 + r.IntN(40))}
					if in.act == "capture" || in.act == "release" {
						if len(held) == 0 {
							continue
						}
						in.holdID = held[r.IntN(len(held))]
					}
					called := clock.Monotonic()
					out, err := f.request(in)
					returned := clock.Monotonic()
					if err != nil {
						t.Error(err)
						return
					}
					if out.holdID != "" {
						held = append(held, out.holdID)
					}
					mu.Lock()
					history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: int64(called), Output: out, Return: int64(returned)})
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if result := porcupine.CheckOperationsTimeout(balanceModel, history, time.Minute); result != porcupine.Ok {
			t.Errorf("%d acts: %v", len(history), result)
		}
	})
}

// request carries a request out. The error is of the database.
func (f *fixture) request(in request) (out response, err error) {
	err = f.tx(func(tx *sqldb.Tx) (err error) {
		switch in.act {
		case "earn", "spend":
			p := ledger.Post{UserID: f.ada, Unit: ledger.Coins, Amount: in.amount, Source: ledger.Source{Type: ledger.FromAPI}}
			if in.act == "spend" {
				p.Amount = -p.Amount
			}
			_, err = f.ledger.PostOne(f.Context(), tx, f.Community, p)
		case "hold":
			var h ledger.Hold
			h, err = f.ledger.Reserve(f.Context(), tx, f.Community, f.ada, ledger.Coins, in.amount, "x", time.Hour)
			out.holdID = h.ID
		case "capture":
			_, _, err = f.ledger.Capture(f.Context(), tx, f.Community, in.holdID, 0, "")
		case "release":
			_, err = f.ledger.Release(f.Context(), tx, f.Community, in.holdID)
		default:
			var all map[ledger.Unit]ledger.Balance
			all, err = ledger.Balances(f.Context(), tx, f.Community, f.ada, f.now.UnixMilli(), f.now.UnixMilli())
			out.available = all[ledger.Coins].Posted - all[ledger.Coins].Held
		}
		return err
	})
	if out.ok = err == nil; isRefusal(err) {
		if amount, ok := detail(err); ok {
			out.available = amount
		}
		err = nil
	}
	return out, err
}
