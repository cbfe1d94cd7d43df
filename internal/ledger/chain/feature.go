package chain

import (
	"context"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
)

// Feature describes the package to the application.
func (c *Chain) Feature() feature.Feature {
	return feature.Feature{
		Name:   "ledger/chain",
		Jobs:   func(e *jobs.Engine) { jobs.Register(e, c.verifyAll) },
		Sweeps: []func(context.Context) error{c.sweep},
		Events: []event.Type{{Name: EventSealed, Data: Sealed{}, Description: "The hash chain of the ledger was continued; appended once a day. Whoever keeps the head can prove that earlier entries were not changed."}},
	}
}

// sweep deletes old results of verifications.
func (c *Chain) sweep(ctx context.Context) error {
	return deleteVerifications(ctx, c.d.DB, c.d.Clock.Now().Add(-keepResultFor).UnixMilli())
}
