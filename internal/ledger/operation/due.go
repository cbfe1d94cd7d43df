package operation

import (
	"context"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// endDueArgs are the arguments of the job that ends lots and holds that are due.
type endDueArgs struct{}

// Kind is the kind of the job.
func (endDueArgs) Kind() string { return "ledger.end_due" }

const dueBatch = 200 // balances in one transaction

// endDue ends lots and holds that are due, so that lists and filters follow. Posts and
// reads of one balance do not wait for it.
func (o *Operations) endDue(ctx context.Context, _ *jobs.Job, _ endDueArgs) error {
	for {
		due, err := ledger.Due(ctx, o.d.DB, o.d.Clock.MS(), dueBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		for communityID, userIDs := range due {
			if err := o.d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return o.d.Ledger.EndDue(ctx, tx, communityID, userIDs) }); err != nil {
				return err
			}
		}
	}
}
