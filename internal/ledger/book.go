package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// book has the locked balances of one call, with the entries to be written.
type book struct {
	l           *Ledger
	q           sqldb.Querier // for reads
	tx          *sqldb.Tx     // for writes: q, or set before them
	communityID string
	home        community.Community
	now         time.Time

	members  map[string]*holder // by member
	holders  map[string]*holder // by holder
	accounts map[accountKey]*account
	order    []*account // in the order of their use
	lots     map[string]*lot
	sources  map[sourceKey]Entry

	entries []Entry
	changed []*lot // new and changed ones
	holds   []*storedHold
}

// holder is a member with the random id of the ledger.
type holder struct {
	id             string // "": none yet
	userID, state  string
	suspendedUntil int64 // Unix milliseconds
	isNew          bool
}

type accountKey struct {
	holder string
	unit   Unit
}

type sourceKey struct {
	holder string
	unit   Unit
	source Source
}

// account is the balance of a unit of a holder.
type account struct {
	accountKey
	userID       string
	isNew, dirty bool
	posted, held int64
	before       int64  // posted at the start of the call
	lastID       string // newest entry; "": none
	entries      int64  // number of all
	nextDue      int64  // as in the table
	open         []*lot // those in memory, the ones that are spent first
	fetched      int64  // amount for which open has the lots
	used         int64  // by debits and holds of the call
}

func (a *account) available() int64 { return a.posted - a.held }

// open begins a call.
func (l *Ledger) open(ctx context.Context, q sqldb.Querier, communityID string) (*book, error) {
	home, err := community.Load(ctx, q, communityID)
	tx, _ := q.(*sqldb.Tx)
	return &book{
		l: l, q: q, tx: tx, communityID: communityID, home: home, now: l.d.Clock.Now(),
		members: map[string]*holder{}, holders: map[string]*holder{}, accounts: map[accountKey]*account{}, lots: map[string]*lot{}, sources: map[sourceKey]Entry{},
	}, err
}

// newHolderID returns a random id that follows those of earlier times, so that the rows of
// members who first receive something together lie together.
func newHolderID(now time.Time) string { return fmt.Sprintf("%012x", now.UnixMilli()) + id.Secret(10) }

// openAccount begins a call about one balance of an active member. It fails as Post refuses
// an entry.
func (l *Ledger) openAccount(ctx context.Context, tx *sqldb.Tx, communityID, userID string, unit Unit, byOperator bool) (*book, *account, error) {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return nil, nil, err
	}
	if err := b.lockMembers(ctx, []string{userID}); err != nil {
		return nil, nil, err
	}
	who := b.members[userID]
	if err := who.mayReceive(b.now, byOperator); err != nil {
		return nil, nil, err
	}
	a, err := b.account(ctx, who, unit)
	return b, a, err
}

// lockMembers loads members in any state, and their balances, in the order of their ids. In
// a transaction it locks them.
func (b *book) lockMembers(ctx context.Context, userIDs []string) error {
	found, err := lockHolders(ctx, b.q, b.communityID, userIDs)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(found))
	for _, m := range found {
		b.members[m.userID] = m
		if m.id == "" {
			m.id, m.isNew = newHolderID(b.now), true
		} else {
			ids = append(ids, m.id)
		}
		b.holders[m.id] = m
	}
	return b.lockAccounts(ctx, ids)
}

func (b *book) lockAccounts(ctx context.Context, holders []string) error {
	if len(holders) == 0 {
		return nil
	}
	found, err := lockBalances(ctx, b.q, b.communityID, holders)
	for _, a := range found {
		a.userID, a.before = b.holders[a.holder].userID, a.posted
		b.accounts[a.accountKey] = a
	}
	return err
}

// account returns a balance of a locked member, with what is due ended.
func (b *book) account(ctx context.Context, who *holder, unit Unit) (*account, error) {
	key := accountKey{who.id, unit}
	a := b.accounts[key]
	if a == nil {
		a = &account{accountKey: key, userID: who.userID, isNew: true, nextDue: Never}
		b.accounts[key] = a
	}
	return a, b.settle(ctx, a)
}

// time returns the time of the next entry of a balance: not before its newest one, also
// if the clock has stepped back.
func (b *book) time(a *account) time.Time {
	if a.lastID != "" {
		if last := time.UnixMilli(id.Time(a.lastID)); last.After(b.now) {
			return last
		}
	}
	return b.now
}

// append appends an entry to a balance, with its id, holder, times and balance.
func (b *book) append(a *account, e Entry) Entry {
	b.touch(a)
	at := b.time(a)
	if e.ID = id.New(at); e.ID <= a.lastID {
		e.ID = id.New(at.Add(time.Millisecond))
	}
	e.CreatedAt = id.Time(e.ID)
	if e.OccurredAt == 0 {
		e.OccurredAt = e.CreatedAt
	}
	if e.Source.Type == FromAPI {
		e.Source.ID = e.ID
	}
	a.lastID = e.ID
	a.entries++
	a.posted += e.Amount
	e.Holder, e.UserID, e.BalanceAfter = a.holder, a.userID, a.posted
	b.entries = append(b.entries, e)
	b.sources[sourceKey{a.holder, a.unit, e.Source}] = e
	return e
}

// touch marks a balance as changed.
func (b *book) touch(a *account) {
	if !a.dirty {
		a.dirty = true
		b.order = append(b.order, a)
	}
}

// write writes everything that the call changed, and runs the hooks.
func (b *book) write(ctx context.Context) error {
	if len(b.order) == 0 {
		return nil
	}
	if err := b.store(ctx); err != nil {
		return err
	}
	if err := b.writeDays(ctx); err != nil {
		return err
	}
	if err := b.report(ctx); err != nil {
		return err
	}
	moves := b.moves()
	for _, hook := range b.l.d.Moved {
		if err := hook(ctx, b.tx, b.communityID, moves); err != nil {
			return err
		}
	}
	return nil
}

// store writes balances, lots, entries and holds.
func (b *book) store(ctx context.Context) error {
	if err := b.writeAccounts(ctx); err != nil {
		return err
	}
	if err := b.writeLots(ctx); err != nil {
		return err
	}
	if err := insertEntries(ctx, b.tx, b.communityID, b.entries); err != nil {
		return err
	}
	return b.writeHolds(ctx)
}

// moves returns the balances that have changed, or to which something was credited.
func (b *book) moves() (moves []Move) {
	earned := map[accountKey]int64{}
	for i := range b.entries {
		e := &b.entries[i]
		earned[accountKey{e.Holder, e.Unit}] += max(e.earned(), 0)
	}
	for _, a := range b.order {
		if credits := earned[a.accountKey]; a.posted != a.before || credits > 0 {
			moves = append(moves, Move{UserID: a.userID, Unit: a.unit, Before: a.before, After: a.posted, Earned: credits})
		}
	}
	return moves
}

// writeAccounts writes balances, and the holders of members that had none.
func (b *book) writeAccounts(ctx context.Context) error {
	var added, changed []*account
	var holders []*holder
	for _, a := range b.order {
		if m := b.holders[a.holder]; m != nil && m.isNew {
			m.isNew = false
			holders = append(holders, m)
		}
		if a.isNew {
			a.isNew = false
			added = append(added, a)
		} else {
			changed = append(changed, a)
		}
	}
	if err := insertHolders(ctx, b.tx, b.communityID, holders); err != nil {
		return err
	}
	if err := insertBalances(ctx, b.tx, b.communityID, added); err != nil {
		return err
	}
	return updateBalances(ctx, b.tx, b.communityID, changed)
}

func (b *book) writeLots(ctx context.Context) error {
	var added, changed []*lot
	for _, o := range b.changed {
		if o.isNew {
			o.isNew = false
			added = append(added, o)
		} else {
			changed = append(changed, o)
		}
		o.dirty = false
	}
	if err := insertLots(ctx, b.tx, b.communityID, added); err != nil {
		return err
	}
	return updateLots(ctx, b.tx, b.communityID, changed)
}

func (b *book) writeHolds(ctx context.Context) error {
	for _, h := range b.holds {
		if err := upsertHold(ctx, b.tx, b.communityID, h); err != nil {
			return err
		}
	}
	return nil
}

// writeDays adds what the entries earned to the days of their facts.
func (b *book) writeDays(ctx context.Context) error {
	earned := map[dayKey]int64{}
	var keys []dayKey
	days := community.NewDays(b.home)
	for i := range b.entries {
		e := &b.entries[i]
		if amount := e.earned(); amount != 0 {
			key := dayKey{e.Holder, e.Unit, days.Of(e.OccurredAt)}
			if _, known := earned[key]; !known {
				keys = append(keys, key)
			}
			earned[key] += amount
		}
	}
	return addDays(ctx, b.tx, b.communityID, keys, earned)
}
