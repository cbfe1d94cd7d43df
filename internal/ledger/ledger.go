// Package ledger keeps what members have: XP, coins and premium currency. Entries are
// appended and never changed. Each credit makes a lot, which debits use up; a hold
// reserves lots. Its functions take part in the transactions of packages above.
package ledger

import (
	"context"
	"math"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Unit is what an entry counts.
type Unit string

// The units.
const (
	XP      Unit = "xp" // cannot be spent, never expires
	Coins   Unit = "coins"
	Premium Unit = "premium"
)

// Units are all units, in the order in which balances are locked and shown.
var Units = []Unit{Coins, Premium, XP}

// Bounds of amounts and balances.
const (
	MaxAmount  = 1_000_000_000_000     // of an entry
	MaxBalance = 9_007_199_254_740_991 // 2^53-1
)

// Never is the end of a lot that does not expire, in Unix milliseconds.
const Never int64 = math.MaxInt64

// Ledger posts entries. It is safe for concurrent use.
type Ledger struct{ d Deps }

// Deps are the dependencies of a Ledger.
type Deps struct {
	Clock   clock.Clock
	Moved   []MoveHook
	Watched Watched // nil: no event of an entry is written
}

// MoveHook runs in the transaction that changes balances, after the entries were posted.
// An error rejects them.
type MoveHook func(ctx context.Context, tx *sqldb.Tx, communityID string, moves []Move) error

// Move is what the entries of one call did to a balance.
type Move struct {
	UserID        string
	Unit          Unit
	Before, After int64 // equal: debits were as large as credits
	Earned        int64 // the credits that conditions count
}

// New returns a Ledger.
func New(d Deps) *Ledger { return &Ledger{d} }

// ErrOutOfRange returns the error of an amount beyond the bounds: Invalid "amount_out_of_range".
func ErrOutOfRange() *errs.Error {
	return errs.New(errs.Invalid, "amount_out_of_range", "An amount is a whole number of 1 to %d, and a balance has at most %d.", int64(MaxAmount), int64(MaxBalance))
}

// ErrInsufficient returns the error of a debit that is more than what is available: Conflict
// "insufficient_balance".
func ErrInsufficient(available int64) *errs.Error {
	return errs.New(errs.Conflict, "insufficient_balance", "The balance is not sufficient: %d are available.", available).WithDetails(map[string]any{"balance": available})
}
