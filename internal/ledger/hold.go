package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Hold reserves a part of a balance until it is captured or released, or ends.
type Hold struct {
	ID        string
	UserID    string // the member; "": erased
	Unit      Unit
	Amount    int64
	Captured  int64
	Status    string // HoldOpen ...
	Reason    string
	ExpiresAt int64 // Unix milliseconds
	CreatedAt int64 // Unix milliseconds
}

// Values of Hold.Status.
const (
	HoldOpen     = "open"
	HoldCaptured = "captured"
	HoldReleased = "released"
	HoldExpired  = "expired"
)

// storedHold is a Hold with what is stored beside it.
type storedHold struct {
	Hold
	holder  string
	lots    []Part
	endedAt int64 // 0: open
	isNew   bool
}

// Reserve reserves an amount of coins or premium for a time, in the caller's transaction. It
// fails as Post does.
func (l *Ledger) Reserve(ctx context.Context, tx *sqldb.Tx, communityID, userID string, unit Unit, amount int64, reason string, lasting time.Duration) (Hold, error) {
	if amount <= 0 || amount > MaxAmount {
		return Hold{}, ErrOutOfRange()
	}
	b, a, err := l.openAccount(ctx, tx, communityID, userID, unit, true)
	if err != nil {
		return Hold{}, err
	}
	parts, err := b.reserve(ctx, a, amount)
	if err != nil {
		return Hold{}, err
	}
	if parts == nil {
		return Hold{}, ErrInsufficient(a.available())
	}
	at := b.time(a)
	made := &storedHold{holder: a.holder, lots: parts, isNew: true, Hold: Hold{
		ID: id.New(at), UserID: userID, Unit: unit, Amount: amount, Status: HoldOpen, Reason: reason, ExpiresAt: at.Add(lasting).UnixMilli(), CreatedAt: at.UnixMilli(),
	}}
	for _, p := range parts {
		o := b.lots[p.LotID]
		o.held += p.Amount
		b.change(o)
	}
	b.touch(a)
	a.held += amount
	a.used += amount
	a.nextDue = min(a.nextDue, made.ExpiresAt)
	b.holds = append(b.holds, made)
	return made.Hold, b.write(ctx)
}

// release ends a hold without an entry. Parts of lots that have ended meanwhile expire. at
// is the time at which the hold ended.
func (b *book) release(ctx context.Context, a *account, h *storedHold, status string, at int64) error {
	b.touch(a)
	h.Status, h.endedAt = status, at
	b.holds = append(b.holds, h)
	a.held -= h.Amount - h.Captured
	if err := b.unhold(ctx, h.lots); err != nil {
		return err
	}
	now := b.time(a).UnixMilli()
	for _, p := range h.lots {
		if o := b.lots[p.LotID]; o.expiresAt <= now {
			b.expire(a, o, max(o.expiresAt, at))
		}
	}
	return nil
}

// unhold ends the reservation of lots.
func (b *book) unhold(ctx context.Context, parts []Part) error {
	if err := b.loadLots(ctx, parts); err != nil {
		return err
	}
	for _, p := range parts {
		o := b.lots[p.LotID]
		o.held -= p.Amount
		b.change(o)
	}
	return nil
}

// Capture spends a hold, or a part of it, and releases the rest. amount 0: all. reason "":
// that of the hold. It fails with NotFound "hold_not_found", Conflict "hold_final" or
// "hold_expired", or Invalid "amount_out_of_range".
func (l *Ledger) Capture(ctx context.Context, tx *sqldb.Tx, communityID, holdID string, amount int64, reason string) (Hold, Entry, error) {
	b, a, h, err := l.openHold(ctx, tx, communityID, holdID)
	if err != nil {
		return Hold{}, Entry{}, err
	}
	switch {
	case h.Status == HoldExpired:
		return Hold{}, Entry{}, errs.New(errs.Conflict, "hold_expired", "The hold has expired.")
	case h.Status != HoldOpen:
		return Hold{}, Entry{}, errs.New(errs.Conflict, "hold_final", "The hold was captured or released before.")
	case amount < 0 || amount > h.Amount:
		return Hold{}, Entry{}, ErrOutOfRange()
	}
	if amount == 0 {
		amount = h.Amount
	}
	if reason == "" {
		reason = h.Reason
	}
	spent, rest := split(h.lots, amount)
	if err := b.unhold(ctx, spent); err != nil {
		return Hold{}, Entry{}, err
	}
	lots := make([]Part, len(spent))
	for i, p := range spent {
		b.lots[p.LotID].remaining -= p.Amount
		lots[i] = Part{p.LotID, -p.Amount}
	}
	a.held -= amount
	h.Captured, h.lots = amount, rest
	entry := b.append(a, Entry{Unit: h.Unit, Amount: -amount, Reason: reason, Source: Source{Type: FromHold, ID: h.ID}, HoldID: h.ID, Lots: lots})
	if err := b.release(ctx, a, h, HoldCaptured, b.time(a).UnixMilli()); err != nil {
		return Hold{}, Entry{}, err
	}
	h.lots = slices.Concat(spent, rest)
	return h.Hold, entry, b.write(ctx)
}

// split divides parts after an amount.
func split(parts []Part, amount int64) (first, rest []Part) {
	for _, p := range parts {
		use := min(p.Amount, amount)
		if use > 0 {
			first = append(first, Part{p.LotID, use})
		}
		if use < p.Amount {
			rest = append(rest, Part{p.LotID, p.Amount - use})
		}
		amount -= use
	}
	return first, rest
}

// Release ends a hold without an entry. An expired hold stays as it is. It fails with
// NotFound "hold_not_found" or Conflict "hold_final".
func (l *Ledger) Release(ctx context.Context, tx *sqldb.Tx, communityID, holdID string) (Hold, error) {
	b, a, h, err := l.openHold(ctx, tx, communityID, holdID)
	if err != nil {
		return Hold{}, err
	}
	switch h.Status {
	case HoldOpen:
		if err := b.release(ctx, a, h, HoldReleased, b.time(a).UnixMilli()); err != nil {
			return Hold{}, err
		}
	case HoldExpired:
	default:
		return Hold{}, errs.New(errs.Conflict, "hold_final", "The hold was captured or released before.")
	}
	return h.Hold, b.write(ctx)
}

// openHold locks the balance of a hold and ends what is due. A hold that has just ended
// is returned as such.
func (l *Ledger) openHold(ctx context.Context, tx *sqldb.Tx, communityID, holdID string) (*book, *account, *storedHold, error) {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return nil, nil, nil, err
	}
	found, err := loadHold(ctx, tx, communityID, holdID)
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := b.accountOfHolder(ctx, found.holder, found.Unit)
	if err != nil {
		return nil, nil, nil, err
	}
	if a == nil {
		return nil, nil, nil, errs.Missing("hold") // the member was erased
	}
	for _, ended := range b.holds {
		if ended.ID == holdID {
			return b, a, ended, nil
		}
	}
	found, err = loadHold(ctx, tx, communityID, holdID) // the lock may have waited for another end
	found.UserID = a.userID
	return b, a, found, err
}

// accountOfHolder locks a balance by its holder, nil if the member was erased.
func (b *book) accountOfHolder(ctx context.Context, holderID string, unit Unit) (*account, error) {
	userID, err := userOfHolder(ctx, b.tx, b.communityID, holderID)
	if err != nil || userID == "" {
		return nil, err
	}
	if err := b.lockMembers(ctx, []string{userID}); err != nil {
		return nil, err
	}
	who := b.members[userID]
	if who == nil || who.id != holderID {
		return nil, nil
	}
	return b.account(ctx, who, unit)
}
