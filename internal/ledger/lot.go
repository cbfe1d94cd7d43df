package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// lot is what is left of a credit.
type lot struct {
	ID           string
	holder       string
	unit         Unit
	amount       int64
	remaining    int64
	held         int64 // part of remaining
	expiresAt    int64 // or Never
	createdAt    int64
	expiries     int64
	isNew, dirty bool
	isOpen       bool // one of the open lots of its balance in memory
}

func (o *lot) free() int64 { return o.remaining - o.held }

// inSpendOrder compares lots by their end, then by creation.
func inSpendOrder(x, y *lot) int {
	switch {
	case x.expiresAt != y.expiresAt:
		return cmp.Compare(x.expiresAt, y.expiresAt)
	case x.createdAt != y.createdAt:
		return cmp.Compare(x.createdAt, y.createdAt)
	default:
		return strings.Compare(x.ID, y.ID)
	}
}

// end returns the end of a lot that a credit of a unit makes now, by the settings.
func (b *book) end(unit Unit) int64 {
	expiry := b.home.Settings.Currencies.Coins.Expiry
	switch unit {
	case XP:
		return Never
	case Premium:
		expiry = b.home.Settings.Currencies.Premium.Expiry
	}
	last, ends := expiry.LastDay(b.home.Day(b.now))
	if !ends {
		return Never
	}
	return b.home.DayStart(last + 1).UnixMilli()
}

// endOfRefund returns the end of a lot for the refund of expired ones.
func (b *book) endOfRefund() int64 {
	return b.home.DayStart(b.home.Day(b.now) + b.home.Settings.RefundLotDays + 1).UnixMilli()
}

// newLot adds a lot to a balance.
func (b *book) newLot(a *account, amount, end int64) *lot {
	b.touch(a)
	at := b.time(a)
	made := &lot{ID: id.New(at), holder: a.holder, unit: a.unit, amount: amount, remaining: amount, expiresAt: end, createdAt: at.UnixMilli(), isNew: true, dirty: true, isOpen: true}
	b.lots[made.ID] = made
	b.changed = append(b.changed, made)
	a.open = append(a.open, made)
	a.nextDue = min(a.nextDue, end)
	return made
}

// change marks a lot as changed.
func (b *book) change(o *lot) {
	if !o.dirty {
		o.dirty = true
		b.changed = append(b.changed, o)
	}
}

// known returns the one lot in memory for a lot that was read.
func (b *book) known(read *lot) *lot {
	if o := b.lots[read.ID]; o != nil {
		return o
	}
	b.lots[read.ID] = read
	return read
}

// loadForDebits loads the lots that the debits of some posts may use up.
func (b *book) loadForDebits(ctx context.Context, posts []Post) error {
	needs := map[accountKey]int64{}
	for _, p := range posts {
		if who := b.members[p.UserID]; who != nil && !who.isNew && p.Amount < 0 && p.Amount >= -MaxAmount {
			needs[accountKey{who.id, p.Unit}] -= p.Amount
		}
	}
	if len(needs) <= fewAccounts {
		return nil // spend loads them
	}
	holders, most := map[Unit][]string{}, map[Unit]int64{}
	for key, need := range needs {
		if b.accounts[key] != nil {
			holders[key.unit] = append(holders[key.unit], key.holder)
			most[key.unit] = max(most[key.unit], need)
		}
	}
	for _, unit := range Units {
		if len(holders[unit]) == 0 {
			continue
		}
		found, err := openLotsOfMany(ctx, b.q, b.communityID, unit, holders[unit], b.now.UnixMilli(), most[unit])
		if err != nil {
			return err
		}
		for _, holder := range holders[unit] {
			b.accounts[accountKey{holder, unit}].fetched = most[unit]
		}
		for _, read := range found {
			b.adopt(b.accounts[accountKey{read.holder, unit}], read)
		}
	}
	return nil
}

// fewAccounts is the number of balances up to which the lots of each are read alone, only
// as many as it needs.
const fewAccounts = 4

// adopt adds a lot that was read to the open ones of a balance.
func (b *book) adopt(a *account, read *lot) {
	if o := b.known(read); !o.isOpen {
		o.isOpen = true
		a.open = append(a.open, o)
	}
}

// reserve returns the parts of lots that make up an amount in the order of spending, nil
// if less is available. It changes nothing.
func (b *book) reserve(ctx context.Context, a *account, amount int64) ([]Part, error) {
	if amount > a.available() {
		return nil, nil
	}
	if err := b.loadOpen(ctx, a, amount); err != nil {
		return nil, err
	}
	slices.SortFunc(a.open, inSpendOrder)
	var parts []Part
	for _, o := range a.open {
		if amount == 0 {
			break
		}
		if use := min(o.free(), amount); use > 0 {
			parts = append(parts, Part{o.ID, use})
			amount -= use
		}
	}
	return parts, nil
}

// loadOpen loads the open lots that an amount may use up after what the call has used.
func (b *book) loadOpen(ctx context.Context, a *account, amount int64) error {
	if a.isNew || a.fetched >= a.used+amount {
		return nil
	}
	found, err := openLots(ctx, b.q, b.communityID, a.accountKey, b.time(a).UnixMilli(), a.used+amount)
	a.fetched = a.used + amount
	for _, read := range found {
		b.adopt(a, read)
	}
	return err
}

// spend uses up lots and returns their parts, negative; nil if less is available.
func (b *book) spend(ctx context.Context, a *account, amount int64) ([]Part, error) {
	parts, err := b.reserve(ctx, a, amount)
	a.used += amount
	for i := range parts {
		o := b.lots[parts[i].LotID]
		o.remaining -= parts[i].Amount
		b.change(o)
		parts[i].Amount = -parts[i].Amount
	}
	return parts, err
}

// settle ends the holds and lots of a balance that are due, with an entry for each lot.
func (b *book) settle(ctx context.Context, a *account) error {
	now := b.time(a).UnixMilli()
	if a.nextDue > now {
		return nil
	}
	due, err := dueHolds(ctx, b.q, b.communityID, a.accountKey, now)
	if err != nil {
		return err
	}
	b.touch(a)
	for _, h := range due {
		if err := b.release(ctx, a, h, HoldExpired, h.ExpiresAt); err != nil {
			return err
		}
	}
	lots, err := dueLots(ctx, b.q, b.communityID, a.accountKey, now)
	if err != nil {
		return err
	}
	for _, read := range lots {
		b.expire(a, b.known(read), read.expiresAt)
	}
	a.nextDue, err = nextDue(ctx, b.q, b.communityID, a.accountKey, now)
	return err
}

// expire ends the free part of a lot. at is the time from which it counted as ended.
func (b *book) expire(a *account, o *lot, at int64) {
	amount := o.free()
	if amount == 0 {
		return
	}
	o.remaining -= amount
	b.change(o)
	b.append(a, Entry{
		Unit: a.unit, Amount: -amount, Reason: "Expired", Source: Source{Type: FromExpiry, ID: o.ID, Part: o.expiries}, Lots: []Part{{o.ID, -amount}}, OccurredAt: at,
	})
	o.expiries++
}

// refund returns parts of a debit to their lots, and those of lots that have ended to a
// new lot. It returns the parts, and the new lot or nil.
func (b *book) refund(ctx context.Context, a *account, parts []Part) ([]Part, *lot, error) {
	if err := b.loadLots(ctx, parts); err != nil {
		return nil, nil, err
	}
	now := b.time(a).UnixMilli()
	var ended int64
	back := make([]Part, 0, len(parts))
	for _, p := range parts {
		o := b.lots[p.LotID]
		if o.expiresAt <= now {
			ended -= p.Amount
			continue
		}
		o.remaining -= p.Amount
		b.change(o)
		b.adopt(a, o)
		a.nextDue = min(a.nextDue, o.expiresAt)
		back = append(back, Part{p.LotID, -p.Amount})
	}
	if ended == 0 {
		return back, nil, nil
	}
	made := b.newLot(a, ended, b.endOfRefund())
	return append(back, Part{made.ID, ended}), made, nil
}

// loadLots loads lots that are not in memory.
func (b *book) loadLots(ctx context.Context, parts []Part) error {
	var missing []string
	for _, p := range parts {
		if b.lots[p.LotID] == nil {
			missing = append(missing, p.LotID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := lotsByID(ctx, b.q, b.communityID, missing)
	for _, read := range found {
		b.lots[read.ID] = read
	}
	return err
}

// EndDue ends what is due of members in any state, in the caller's transaction.
func (l *Ledger) EndDue(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if err := b.lockMembers(ctx, userIDs); err != nil {
		return err
	}
	for _, userID := range unique(userIDs) {
		who := b.members[userID]
		if who == nil || who.isNew {
			continue
		}
		for _, unit := range Units {
			if b.accounts[accountKey{who.id, unit}] != nil {
				if _, err := b.account(ctx, who, unit); err != nil {
					return err
				}
			}
		}
	}
	return b.write(ctx)
}
