package ledger

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// EraseMembers moves what members have to breakage, after the release of their holds, and
// deletes the link to their entries, whose reasons become empty. Every sum and hash
// stays provable. It is a roster.Eraser.
func (l *Ledger) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if err := b.lockMembers(ctx, memberIDs); err != nil {
		return err
	}
	erasure := id.New(b.now)
	var holders []string
	for _, userID := range unique(memberIDs) {
		who := b.members[userID]
		if who == nil || who.isNew {
			continue
		}
		holders = append(holders, who.id)
		for _, unit := range Units {
			if a := b.accounts[accountKey{who.id, unit}]; a != nil {
				if err := b.erase(ctx, a, erasure); err != nil {
					return err
				}
			}
		}
	}
	if len(holders) == 0 {
		return nil
	}
	if err := b.store(ctx); err != nil { // without the days and hooks of a member
		return err
	}
	return forgetHolders(ctx, tx, communityID, holders)
}

func (b *book) erase(ctx context.Context, a *account, erasure string) error {
	if err := b.settle(ctx, a); err != nil {
		return err
	}
	holds, err := openHolds(ctx, b.tx, b.communityID, a.accountKey)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if err := b.release(ctx, a, h, HoldReleased, b.time(a).UnixMilli()); err != nil {
			return err
		}
	}
	if a.nextDue = Never; a.posted == 0 {
		b.touch(a)
		return nil
	}
	amount := a.posted
	parts, err := b.spend(ctx, a, amount)
	if err != nil {
		return err
	}
	b.append(a, Entry{Unit: a.unit, Amount: -amount, Source: Source{Type: FromErasure, ID: erasure}, Lots: parts})
	return nil
}
