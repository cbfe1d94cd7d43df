package ledger

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Reversal is the result of reversing an entry.
type Reversal struct {
	Entry    *Entry // nil: nothing was left
	Reversed int64  // of the amount of the reversed entry, without its sign
	Kept     int64  // spent meanwhile, held or expired
}

// irreversible are types of sources whose entries are never reversed.
var irreversible = []string{FromExpiry, FromRefund, FromReversal, FromErasure, FromPurchase}

// Reverse reverses an entry, in the caller's transaction: of a credit what is left of its
// lot, of a debit everything. It fails with NotFound "entry_not_found", or Conflict
// "already_reversed" or "not_reversible".
func (l *Ledger) Reverse(ctx context.Context, tx *sqldb.Tx, communityID, entryID, reason string) (Reversal, error) {
	done, err := l.ReverseMany(ctx, tx, communityID, []string{entryID}, reason)
	if err != nil {
		return Reversal{}, err
	}
	return done[0].Reversal, done[0].Err
}

// Reversed is the result of one of many reversals.
type Reversed struct {
	Reversal
	Of  Entry // the reversed one
	Err error // why it was refused
}

// ReverseMany reverses entries in their order. Each is refused as Reverse fails.
func (l *Ledger) ReverseMany(ctx context.Context, tx *sqldb.Tx, communityID string, entryIDs []string, reason string) ([]Reversed, error) {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return nil, err
	}
	found, err := entriesByID(ctx, tx, communityID, entryIDs)
	if err != nil {
		return nil, err
	}
	if err := b.lockHolders(ctx, found); err != nil {
		return nil, err
	}
	earlier, err := reversedAmong(ctx, tx, communityID, entryIDs)
	if err != nil {
		return nil, err
	}
	results := make([]Reversed, len(entryIDs))
	for i, entryID := range entryIDs {
		of, known := found[entryID]
		switch {
		case !known:
			results[i].Err = errs.Missing("entry")
		case earlier[entryID]:
			results[i] = Reversed{Of: of, Err: errs.New(errs.Conflict, "already_reversed", "The entry was reversed before.")}
		default:
			if results[i], err = b.reverse(ctx, of, reason); err != nil {
				return nil, err
			}
			earlier[entryID] = results[i].Entry != nil
		}
	}
	return results, b.write(ctx)
}

// lockHolders locks the members of entries.
func (b *book) lockHolders(ctx context.Context, entries map[string]Entry) error {
	holders := make([]string, 0, len(entries))
	for _, e := range entries {
		holders = append(holders, e.Holder)
	}
	slices.Sort(holders)
	userIDs, err := usersOfHolders(ctx, b.tx, b.communityID, slices.Compact(holders))
	if err != nil {
		return err
	}
	return b.lockMembers(ctx, userIDs)
}

func (b *book) reverse(ctx context.Context, of Entry, reason string) (Reversed, error) {
	result := Reversed{Of: of}
	who := b.holders[of.Holder]
	if who == nil || slices.Contains(irreversible, of.Source.Type) {
		result.Err = errs.New(errs.Conflict, "not_reversible", "This entry cannot be reversed.")
		return result, nil
	}
	a, err := b.account(ctx, who, of.Unit)
	if err != nil {
		return result, err
	}
	e := Entry{Unit: of.Unit, Reason: reason, Source: Source{Type: FromReversal, ID: of.ID}, ReversalOf: of.ID, OccurredAt: of.OccurredAt}
	if of.Amount < 0 {
		return b.reverseDebit(ctx, a, of, e)
	}
	if err := b.loadLots(ctx, of.Lots); err != nil {
		return result, err
	}
	o := b.lots[of.LotID]
	result.Reversed = o.free()
	result.Kept = of.Amount - result.Reversed
	if result.Reversed == 0 {
		return result, nil
	}
	o.remaining -= result.Reversed
	b.change(o)
	e.Amount, e.Lots = -result.Reversed, []Part{{o.ID, -result.Reversed}}
	posted := b.append(a, e)
	result.Entry = &posted
	return result, nil
}

func (b *book) reverseDebit(ctx context.Context, a *account, of, e Entry) (Reversed, error) {
	result := Reversed{Of: of}
	if a.posted-of.Amount > MaxBalance {
		result.Err = ErrOutOfRange()
		return result, nil
	}
	posted, err := b.returnDebit(ctx, a, of, e)
	result.Entry, result.Reversal.Reversed = &posted, -of.Amount
	return result, err
}

// returnDebit posts a credit that returns a debit to its lots.
func (b *book) returnDebit(ctx context.Context, a *account, of, e Entry) (Entry, error) {
	parts, made, err := b.refund(ctx, a, of.Lots)
	if err != nil {
		return Entry{}, err
	}
	e.Amount, e.Lots = -of.Amount, parts
	if made != nil {
		e.LotID, e.ExpiresAt = made.ID, made.expiresAt
	}
	return b.append(a, e), nil
}

// Refund returns the debit of a purchase to the lots it came from, in the caller's
// transaction; parts of lots that have ended go to a new one. A purchase is refunded once,
// and never reversed: a debit returns once. It fails with NotFound "entry_not_found" for an
// entry that is no purchase of a member.
func (l *Ledger) Refund(ctx context.Context, tx *sqldb.Tx, communityID, entryID, reason string) (Posted, error) {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return Posted{}, err
	}
	found, err := entriesByID(ctx, tx, communityID, []string{entryID})
	if err != nil {
		return Posted{}, err
	}
	if err := b.lockHolders(ctx, found); err != nil {
		return Posted{}, err
	}
	of := found[entryID]
	who := b.holders[of.Holder]
	if who == nil || of.Source.Type != FromPurchase || of.Amount >= 0 {
		return Posted{}, errs.Missing("entry")
	}
	source := Source{Type: FromRefund, ID: of.Source.ID, Part: of.Source.Part}
	if err := b.loadSources(ctx, []Post{{UserID: who.userID, Unit: of.Unit, Source: source}}); err != nil {
		return Posted{}, err
	}
	if known, ok := b.sources[sourceKey{of.Holder, of.Unit, source}]; ok {
		return Posted{Entry: known, Repeat: true}, nil
	}
	a, err := b.account(ctx, who, of.Unit)
	if err != nil {
		return Posted{}, err
	}
	posted, err := b.returnDebit(ctx, a, of, Entry{Unit: of.Unit, Reason: reason, Source: source})
	if err != nil {
		return Posted{}, err
	}
	return Posted{Entry: posted}, b.write(ctx)
}

// ReverseSources reverses the entries of sources of a type, the latest first. Each is
// refused as Reverse fails.
func (l *Ledger) ReverseSources(ctx context.Context, tx *sqldb.Tx, communityID, sourceType string, ids []string, reason string) ([]Reversed, error) {
	found, err := entriesOfSources(ctx, tx, communityID, sourceType, ids)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	entries := map[string]bool{}
	for _, e := range found {
		entries[e.ID] = true
	}
	latest := slices.Sorted(maps.Keys(entries))
	slices.Reverse(latest)
	return l.ReverseMany(ctx, tx, communityID, latest, reason)
}
