package ledger

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Balance is what a member has of a unit. Lots and holds that are due count as ended.
type Balance struct {
	Posted   int64
	Held     int64
	Expiring []Expiring // the soonest first, at most 50 instants
}

// Available returns what can be spent.
func (b Balance) Available() int64 { return b.Posted - b.Held }

// Expiring is an amount that is not held and ends at an instant.
type Expiring struct {
	Amount int64
	At     int64 // Unix milliseconds
}

// maxExpiring is the number of instants in Balance.Expiring.
const maxExpiring = 50

// Balances returns what a member has at a time, in Unix milliseconds: after all entries up
// to it. now is the present time; times from it on are the present.
func Balances(ctx context.Context, q sqldb.Querier, communityID, userID string, at, now int64) (map[Unit]Balance, error) {
	found := map[Unit]Balance{}
	holderID, err := holderOf(ctx, q, communityID, userID)
	if err != nil {
		return nil, err
	}
	for _, unit := range Units {
		r := rewind{q: q, communityID: communityID, of: accountKey{holderID, unit}, at: at, later: map[string]int64{}, reserved: map[string]int64{}}
		switch {
		case holderID == "":
		case at >= now:
			err = r.present(ctx)
		default:
			err = r.past(ctx)
		}
		if err != nil {
			return nil, err
		}
		found[unit] = r.balance
	}
	return found, nil
}

// rewind computes a balance at a time.
type rewind struct {
	q           sqldb.Querier
	communityID string
	of          accountKey
	at          int64
	later       map[string]int64 // changes of lots after that time
	reserved    map[string]int64 // parts of lots in holds: at a past time those that were open, at present those that are due
	balance     Balance
}

func (r *rewind) present(ctx context.Context) error {
	a, err := loadBalance(ctx, r.q, r.communityID, r.of)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	r.balance.Posted, r.balance.Held = a.posted, a.held
	if a.nextDue <= r.at {
		if err := r.endDue(ctx); err != nil {
			return err
		}
	}
	if r.of.unit == XP {
		return nil
	}
	expiring, err := selectExpiring(ctx, r.q, r.communityID, r.of, r.at, maxExpiring)
	r.addExpiring(expiring)
	return err
}

// endDue subtracts what is due, as the next post will.
func (r *rewind) endDue(ctx context.Context) error {
	holds, err := dueHolds(ctx, r.q, r.communityID, r.of, r.at)
	if err != nil {
		return err
	}
	var parts []Part
	for _, h := range holds {
		r.balance.Held -= h.Amount
		parts = append(parts, h.lots...)
	}
	for _, p := range parts {
		r.reserved[p.LotID] += p.Amount
	}
	released, err := lotsOfParts(ctx, r.q, r.communityID, parts)
	if err != nil {
		return err
	}
	due, err := dueLots(ctx, r.q, r.communityID, r.of, r.at)
	if err != nil {
		return err
	}
	for _, o := range due {
		r.balance.Posted -= o.free()
	}
	var expiring []Expiring
	for _, o := range released {
		if amount := r.reserved[o.ID]; o.expiresAt <= r.at {
			r.balance.Posted -= amount
		} else if o.expiresAt != Never {
			expiring = append(expiring, Expiring{amount, o.expiresAt})
		}
	}
	r.addExpiring(expiring)
	return nil
}

func (r *rewind) past(ctx context.Context) error {
	first := id.First(r.at + 1)
	var err error
	if r.balance.Posted, err = postedBefore(ctx, r.q, r.communityID, r.of, first); err != nil {
		return err
	}
	if r.of.unit == XP {
		return nil
	}
	touched, err := partsSince(ctx, r.q, r.communityID, r.of, first)
	if err != nil {
		return err
	}
	for _, p := range touched {
		r.later[p.LotID] += p.Amount
	}
	holds, err := selectHoldsAt(ctx, r.q, r.communityID, r.of, r.at)
	if err != nil {
		return err
	}
	for _, h := range holds {
		r.balance.Held += h.Amount
		for _, p := range h.lots {
			r.reserved[p.LotID] += p.Amount
		}
	}
	lots, err := lotsOfParts(ctx, r.q, r.communityID, touched)
	if err != nil {
		return err
	}
	open, err := endingLots(ctx, r.q, r.communityID, r.of)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var expiring []Expiring
	for _, o := range append(lots, open...) {
		if seen[o.ID] || o.createdAt > r.at || o.expiresAt == Never {
			continue
		}
		seen[o.ID] = true
		free := o.remaining - r.later[o.ID] - r.reserved[o.ID]
		if o.expiresAt <= r.at {
			r.balance.Posted -= free
		} else if free > 0 {
			expiring = append(expiring, Expiring{free, o.expiresAt})
		}
	}
	r.addExpiring(expiring)
	return nil
}

// addExpiring adds amounts and joins those of one instant.
func (r *rewind) addExpiring(more []Expiring) {
	list := slices.Concat(r.balance.Expiring, more)
	slices.SortFunc(list, func(x, y Expiring) int { return int(min(max(x.At-y.At, -1), 1)) })
	joined := list[:0]
	for _, e := range list {
		if n := len(joined); n > 0 && joined[n-1].At == e.At {
			joined[n-1].Amount += e.Amount
		} else if e.Amount > 0 {
			joined = append(joined, e)
		}
	}
	if r.balance.Expiring = joined[:min(len(joined), maxExpiring)]; len(joined) == 0 {
		r.balance.Expiring = nil
	}
}
