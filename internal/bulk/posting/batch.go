package posting

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Batch has the balances of the members of a batch. A nil Batch has none.
type Batch struct {
	ledger   *ledger.Batch
	units    []ledger.Unit
	balances map[balanceKey]ledger.Balance
}

type balanceKey struct {
	userID string
	unit   ledger.Unit
}

// Open returns a batch for balances of some units; nil for none. If q is a transaction, the
// batch locks what it loads.
func Open(ctx context.Context, l *ledger.Ledger, q sqldb.Querier, communityID string, units []ledger.Unit) (*Batch, error) {
	if len(units) == 0 {
		return nil, nil
	}
	opened, err := l.Open(ctx, q, communityID)
	return &Batch{opened, units, map[balanceKey]ledger.Balance{}}, err
}

// Load loads the balances of members.
func (b *Batch) Load(ctx context.Context, userIDs []string) error {
	if b == nil {
		return nil
	}
	if err := b.ledger.Load(ctx, userIDs); err != nil {
		return err
	}
	for _, userID := range userIDs {
		for _, unit := range b.units {
			balance, err := b.ledger.Balance(ctx, userID, unit)
			if err != nil {
				return err
			}
			b.balances[balanceKey{userID, unit}] = balance
		}
	}
	return nil
}

// Balance returns what a member has in the database.
func (b *Batch) Balance(userID string, unit ledger.Unit) ledger.Balance {
	if b == nil {
		return ledger.Balance{}
	}
	return b.balances[balanceKey{userID, unit}]
}

// RefusedError is the error of an entry that the ledger refused: a balance differs from
// what the batch loaded.
type RefusedError struct{ cause error }

func (e *RefusedError) Error() string { return "post entries of a bulk job: " + e.cause.Error() }

// Unwrap returns the refusal.
func (e *RefusedError) Unwrap() error { return e.cause }

// Post posts the entries of the batch, all or none. It fails with RefusedError.
func (b *Batch) Post(ctx context.Context, tx *sqldb.Tx, posts []ledger.Post) error {
	if b == nil || len(posts) == 0 {
		return nil
	}
	posted, err := b.ledger.Post(ctx, tx, posts)
	if err != nil {
		return err
	}
	for i := range posted {
		if posted[i].Err != nil {
			return &RefusedError{posted[i].Err}
		}
	}
	return nil
}

// Source is the source of the entries of a line.
func Source(jobID string, line int) ledger.Source {
	return ledger.Source{Type: ledger.FromBulkJob, ID: fmt.Sprintf("%s:%d", jobID, line)}
}
