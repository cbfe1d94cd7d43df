package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// world is the ledger of some members under random acts.
type world struct {
	*fixture
	people []string

	mu      sync.Mutex
	entries []string
	holds   []string
}

// number returns a random number below n.
type number func(n int) int

func (w *world) pick(draw number, list *[]string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) == 0 {
		return "000000000000000000000000"
	}
	return (*list)[draw(len(*list))]
}

func (w *world) add(list *[]string, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, id)
}

// act does one random thing in a transaction. Its error is of a refusal, or of the database.
func (w *world) act(ctx context.Context, draw number) error {
	unit := []ledger.Unit{ledger.Coins, ledger.Coins, ledger.Premium, ledger.XP}[draw(4)]
	who, amount := w.people[draw(len(w.people))], int64(1+draw(60))
	run := func(f func(tx *sqldb.Tx) error) error { return w.DB.Tx(ctx, f) }
	switch draw(12) {
	case 0, 1, 2:
		p := ledger.Post{UserID: who, Unit: unit, Amount: amount, Source: ledger.Source{Type: ledger.FromAPI}}
		if draw(2) == 0 {
			p.ExpiresAt = new(w.now.Add(time.Duration(1+draw(300)) * time.Minute).UnixMilli())
		}
		return run(func(tx *sqldb.Tx) error { return w.posted(w.ledger.PostOne(ctx, tx, w.Community, p)) })
	case 3, 4:
		p := ledger.Post{UserID: who, Unit: unit, Amount: -amount, Source: ledger.Source{Type: []string{ledger.FromGame, ledger.FromPurchase}[draw(2)], ID: fmt.Sprint(draw(1_000_000))}}
		return run(func(tx *sqldb.Tx) error { return w.posted(w.ledger.PostOne(ctx, tx, w.Community, p)) })
	case 5:
		return run(func(tx *sqldb.Tx) error {
			var posts []ledger.Post
			for i := range 12 {
				posts = append(posts, ledger.Post{UserID: w.people[(i*7)%len(w.people)], Unit: unit, Amount: int64((i%5)*20 - 30), Source: ledger.Source{Type: ledger.FromBulkJob, ID: fmt.Sprint(draw(1_000_000))}})
			}
			results, err := w.ledger.Post(ctx, tx, w.Community, posts)
			for _, r := range results {
				if r.Err == nil {
					w.add(&w.entries, r.Entry.ID)
				}
			}
			return err
		})
	case 6, 7:
		return run(func(tx *sqldb.Tx) error {
			h, err := w.ledger.Reserve(ctx, tx, w.Community, who, ledger.Coins, amount, "x", time.Duration(1+draw(120))*time.Minute)
			if err == nil {
				w.add(&w.holds, h.ID)
			}
			return err
		})
	case 8:
		return run(func(tx *sqldb.Tx) error {
			_, e, err := w.ledger.Capture(ctx, tx, w.Community, w.pick(draw, &w.holds), int64(draw(40)), "")
			return w.posted(ledger.Posted{Entry: e}, err)
		})
	case 9:
		return run(func(tx *sqldb.Tx) error {
			_, err := w.ledger.Release(ctx, tx, w.Community, w.pick(draw, &w.holds))
			return err
		})
	case 10:
		return run(func(tx *sqldb.Tx) error {
			r, err := w.ledger.Reverse(ctx, tx, w.Community, w.pick(draw, &w.entries), "x")
			if err == nil && r.Entry != nil {
				w.add(&w.entries, r.Entry.ID)
			}
			return err
		})
	default:
		return run(func(tx *sqldb.Tx) error {
			return w.posted(w.ledger.Refund(ctx, tx, w.Community, w.pick(draw, &w.entries), "x"))
		})
	}
}

func (w *world) posted(p ledger.Posted, err error) error {
	if err == nil {
		w.add(&w.entries, p.Entry.ID)
	}
	return err
}

// state returns all balances, the sums that prove them, and the number of entries.
func (w *world) state() (proofs []ledger.Proof, entries int64) {
	w.Helper()
	proofs, err := ledger.Proofs(w.Context(), w.DB, w.Community, "", "", 1_000)
	w.OK(err)
	entries, err = sqldb.One(w.Context(), w.DB, "entries", sqldb.Value[int64], "SELECT count(*) FROM ledger_entries")
	w.OK(err)
	return proofs, entries
}

// check fails the test if a balance is not the sum of its entries, lots and holds.
func (w *world) check() {
	w.Helper()
	proofs, _ := w.state()
	for _, p := range proofs {
		if !p.OK() || p.Posted < 0 || p.Held < 0 || p.Held > p.Posted {
			w.Fatalf("%+v", p)
		}
	}
	chains, err := sqldb.All(w.Context(), w.DB, sqldb.Value[string], `SELECT id FROM (SELECT id, balance_after - amount - LAG(balance_after, 1, 0) OVER (PARTITION BY holder, unit ORDER BY id) AS step
		FROM ledger_entries) e WHERE step <> 0`)
	w.OK(err)
	if len(chains) > 0 {
		w.Fatalf("balances do not follow each other at %v", chains)
	}
	counts, err := sqldb.One(w.Context(), w.DB, "balances", sqldb.Value[int64], `SELECT COUNT(*) FROM ledger_balances b WHERE entries <> (SELECT COUNT(*)
		FROM ledger_entries e WHERE e.community_id = b.community_id AND e.holder = b.holder AND e.unit = b.unit)`)
	w.OK(err)
	if counts > 0 {
		w.Fatalf("%d balances have another number of entries", counts)
	}
}

func newWorld(f *fixture, people int) *world {
	w := &world{fixture: f}
	for i := range people {
		w.people = append(w.people, f.People(fmt.Sprintf("member%d", i))[0].ID)
	}
	return w
}

// refusals are the codes with which acts are refused.
var refusals = []string{"insufficient_balance", "already_reversed", "not_reversible", "entry_not_found", "hold_not_found", "hold_final", "hold_expired", "amount_out_of_range", "user_not_found"}

func isRefusal(err error) bool {
	for _, code := range refusals {
		if errs.Is(err, code) {
			return true
		}
	}
	return false
}

// The invariants of the contract, and that a balance of the past is what was read then.
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	each(t, func(f *fixture) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			w := newWorld(&fixture{Fixture: f.Fixture, ledger: f.ledger, now: f.now}, 0)
			for i := range 3 {
				w.people = append(w.people, f.People(fmt.Sprintf("m%d-%d", round, i))[0].ID)
			}
			draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "n") }
			type memory struct {
				at    int64
				found []map[ledger.Unit]ledger.Balance
			}
			read := func(at int64) (found []map[ledger.Unit]ledger.Balance) {
				for _, id := range w.people {
					b, err := ledger.Balances(t.Context(), f.DB, f.Community, id, at, f.now.UnixMilli())
					if err != nil {
						rt.Fatal(err)
					}
					found = append(found, b)
				}
				return found
			}
			var past []memory
			for range rapid.IntRange(4, 12).Draw(rt, "acts") {
				before, entries := w.state()
				err := w.act(t.Context(), draw)
				if err != nil && !isRefusal(err) {
					rt.Fatal(err)
				}
				if after, now := w.state(); err != nil && (now != entries || cmp.Diff(before, after) != "") {
					rt.Fatalf("a refused act changed something: %v", err)
				}
				w.check()
				past = append(past, memory{f.now.UnixMilli(), read(f.now.UnixMilli())})
				f.now = f.now.Add(time.Duration(1+draw(45)*60_000) * time.Millisecond)
				w.now = f.now
			}
			for _, m := range past {
				if diff := cmp.Diff(m.found, read(m.at)); diff != "" {
					rt.Fatalf("at %d: %s", m.at, diff)
				}
			}
		})
	})
}

func TestConcurrentHistoriesKeepTheInvariants(t *testing.T) {
	each(t, func(f *fixture) {
		w := newWorld(f, 4)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 7))
				for range 60 {
					if err := w.act(t.Context(), r.IntN); err != nil && !isRefusal(err) {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		w.check()
		f.OK(w.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return f.ledger.EraseMembers(t.Context(), tx, f.Community, w.people[:2]) }))
		w.check()
		left, err := sqldb.One(t.Context(), f.DB, "rest", sqldb.Value[int64], "SELECT COALESCE(CAST(SUM(posted) AS BIGINT), 0) FROM ledger_balances b WHERE NOT EXISTS (SELECT 1 FROM ledger_holders h WHERE h.holder = b.holder)")
		f.OK(err)
		if left != 0 {
			t.Errorf("erased members have %d", left)
		}
	})
}

// Many posts of one call have the results of the same posts one by one.
func TestPostsOfOneCallEqualSinglePosts(t *testing.T) {
	each(t, func(f *fixture) {
		const people = 20
		var together, apart []string
		for i := range people {
			together = append(together, f.People(fmt.Sprintf("a%d", i))[0].ID)
			apart = append(apart, f.People(fmt.Sprintf("b%d", i))[0].ID)
		}
		posts := func(ids []string, round int) (list []ledger.Post) {
			for i, userID := range ids {
				for k := range 3 {
					n := int64(round*31 + i*7 + k*13)
					p := ledger.Post{UserID: userID, Unit: ledger.Coins, Amount: n%90 - 30, Source: ledger.Source{Type: ledger.FromAPI}}
					if p.Amount > 0 && n%3 > 0 {
						p.ExpiresAt = new(f.now.Add(time.Duration(1+n%5) * time.Hour).UnixMilli())
					}
					list = append(list, p)
				}
			}
			return list
		}
		post := func(list []ledger.Post) (results []ledger.Posted) {
			f.OK(f.tx(func(tx *sqldb.Tx) (err error) {
				results, err = f.ledger.Post(t.Context(), tx, f.Community, list)
				return err
			}))
			return results
		}
		describe := func(r ledger.Posted) string {
			parts := []int64{}
			for _, p := range r.Entry.Lots {
				parts = append(parts, p.Amount)
			}
			return fmt.Sprint(r.Entry.Amount, r.Entry.BalanceAfter, parts, r.Err)
		}
		for round := range 6 {
			all := post(posts(together, round))
			for i, p := range posts(apart, round) {
				if one, many := describe(post([]ledger.Post{p})[0]), describe(all[i]); one != many {
					t.Fatalf("round %d, post %d: %s together, %s alone", round, i, many, one)
				}
			}
			f.now = f.now.Add(90 * time.Minute)
		}
		w := &world{fixture: f}
		w.check()
		earned := func(ids []string) (sums []int64) {
			for _, userID := range ids {
				sum, err := sqldb.One(t.Context(), f.DB, "days", sqldb.Value[int64], `SELECT CAST(SUM(earned) AS BIGINT) FROM ledger_days d JOIN ledger_holders h ON h.holder = d.holder WHERE h.user_id = $1`, userID)
				f.OK(err)
				sums = append(sums, sum)
			}
			return sums
		}
		f.want(earned(together), earned(apart))
	})
}

// TestDueLotsAndHoldsEndWithoutAPost covers the job that lists and filters rely on.
func TestDueLotsAndHoldsEndWithoutAPost(t *testing.T) {
	each(t, func(f *fixture) {
		end := f.now.Add(time.Hour).UnixMilli()
		f.post(ledger.Post{Unit: ledger.Coins, Amount: 50, ExpiresAt: &end})
		f.coins(20)
		f.OK(f.tx(func(tx *sqldb.Tx) error {
			_, err := f.ledger.Reserve(t.Context(), tx, f.Community, f.ada, ledger.Coins, 60, "x", 2*time.Hour)
			return err
		}))
		for _, step := range []struct {
			after        time.Duration
			posted, held int64
		}{{time.Hour, 70, 60}, {time.Hour, 20, 0}} {
			f.now = f.now.Add(step.after)
			due, err := ledger.Due(t.Context(), f.DB, f.now.UnixMilli(), 10)
			f.OK(err)
			f.OK(f.tx(func(tx *sqldb.Tx) error { return f.ledger.EndDue(t.Context(), tx, f.Community, due[f.Community]) }))
			proofs, err := ledger.Proofs(t.Context(), f.DB, f.Community, "", "", 10)
			f.OK(err)
			if len(proofs) != 1 || !proofs[0].OK() || proofs[0].Posted != step.posted || proofs[0].Held != step.held {
				t.Errorf("after %s: %+v", step.after, proofs)
			}
			if again, err := ledger.Due(t.Context(), f.DB, f.now.UnixMilli(), 10); err != nil || len(again) > 0 {
				t.Errorf("still due: %v, %v", again, err)
			}
		}
	})
}
