package operation

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Reservation is the hold that an operator wants.
type Reservation struct {
	User      string // a reference as in Directory.Find
	Unit      ledger.Unit
	Amount    int64
	ExpiresIn int64 // seconds, 1 to 604,800; 0: 900
	Reason    string
}

const (
	defaultHold = 15 * time.Minute
	maxHold     = 7 * 24 * time.Hour
)

// Reserve holds an amount. It fails as Change does.
func (o *Operations) Reserve(ctx context.Context, caller actor.Actor, communityID string, r Reservation) (made ledger.Hold, err error) {
	if err := o.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return ledger.Hold{}, err
	}
	lasting := time.Duration(r.ExpiresIn) * time.Second
	if r.ExpiresIn == 0 {
		lasting = defaultHold
	}
	if r.ExpiresIn < 0 || lasting > maxHold || r.Unit == ledger.XP {
		return ledger.Hold{}, errs.InvalidFields([]errs.Field{errs.Wrong("expiresIn", "invalid", "A hold of coins or premium lasts 1 to %d seconds.", int64(maxHold.Seconds()))})
	}
	if r.Reason, err = validReason(r.Reason); err != nil {
		return ledger.Hold{}, err
	}
	who, err := directory.Load(ctx, o.d.DB, communityID, r.User, member.Active)
	if err != nil {
		return ledger.Hold{}, err
	}
	err = o.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if made, err = o.d.Ledger.Reserve(ctx, tx, communityID, who.ID, r.Unit, r.Amount, r.Reason, lasting); err != nil {
			return err
		}
		return o.record(ctx, tx, caller, communityID, "hold.create", audit.Target{Type: "hold", ID: made.ID, Name: who.Username})
	})
	return made, err
}

// Capture spends a hold, or a part of it; amount nil: all. It fails as access.Can does for
// Gamification, or as Ledger.Capture.
func (o *Operations) Capture(ctx context.Context, caller actor.Actor, communityID, holdID string, amount *int64, reason string) (h ledger.Hold, e ledger.Entry, err error) {
	if err := o.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return h, e, err
	}
	if reason != "" {
		if reason, err = validReason(reason); err != nil {
			return h, e, err
		}
	}
	var wanted int64
	if amount != nil {
		if wanted = *amount; wanted < 1 {
			return h, e, ledger.ErrOutOfRange()
		}
	}
	return h, e, o.end(ctx, caller, communityID, holdID, "hold.capture", func(tx *sqldb.Tx) error {
		h, e, err = o.d.Ledger.Capture(ctx, tx, communityID, holdID, wanted, reason)
		return err
	})
}

// Release ends a hold without an entry. It fails as access.Can does for Gamification, or
// as Ledger.Release.
func (o *Operations) Release(ctx context.Context, caller actor.Actor, communityID, holdID string) (h ledger.Hold, err error) {
	if err := o.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return h, err
	}
	return h, o.end(ctx, caller, communityID, holdID, "hold.release", func(tx *sqldb.Tx) error {
		h, err = o.d.Ledger.Release(ctx, tx, communityID, holdID)
		return err
	})
}

// end ends a hold and audits it.
func (o *Operations) end(ctx context.Context, caller actor.Actor, communityID, holdID string, verb audit.Verb, run func(tx *sqldb.Tx) error) error {
	return o.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := run(tx); err != nil {
			return err
		}
		return o.record(ctx, tx, caller, communityID, verb, audit.Target{Type: "hold", ID: holdID})
	})
}
