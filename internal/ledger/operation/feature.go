package operation

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package, and the ledger below it, to the application.
func (o *Operations) Feature() feature.Feature {
	return feature.Feature{
		Name: "ledger", EraseMembers: o.eraseMembers, Events: ledger.EventTypes,
		AuditVerbs: []audit.Verb{"entry.create", "entry.reverse", "hold.create", "hold.capture", "hold.release"},
		Jobs: func(e *jobs.Engine) {
			jobs.Register(e, o.endDue)
			e.Schedule("ledger.end_due", "@every 30s", endDueArgs{})
		},
	}
}

// eraseMembers is Ledger.EraseMembers.
func (o *Operations) eraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	return o.d.Ledger.EraseMembers(ctx, tx, communityID, memberIDs)
}
