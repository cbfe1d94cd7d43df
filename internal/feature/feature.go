// Package feature declares what a package adds to the application: its jobs,
// what it deletes and when, and its names. The application derives schedules,
// erasure, permissions, the audit log and metrics from one list of features.
package feature

import (
	"context"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes a package to the application. Fields that do not apply are
// nil.
type Feature struct {
	Name string // of the package
	// Jobs registers the workers, before the engine starts.
	Jobs func(*jobs.Engine)
	// Sweeps delete expired data. They run every hour, possibly on several nodes
	// at once; an error does not stop the others.
	Sweeps []func(context.Context) error
	// EraseMembers deletes the personal data of members in the caller's
	// transaction. Features that may refer to others are erased first.
	EraseMembers func(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error
	// KeptByUndo reports that EraseMembers is not for members that the undo of their
	// import removes.
	KeptByUndo bool
	// EraseContent erases a batch of what deleted members wrote, in the caller's
	// transaction. It is called until done, before EraseMembers, which erases the rest.
	EraseContent func(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) (done bool, err error)
	// EraseCommunity deletes a batch of the data of a community in the caller's
	// transaction. It is called until done. Rows with a column community_id are
	// deleted without it.
	EraseCommunity func(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error)
	// Consumers handle events.
	Consumers []event.Consumer
	// AuditVerbs are the actions in the audit log.
	AuditVerbs []audit.Verb
	// Events are the types of the events that the package appends.
	Events []event.Type
	// Live delivers events of channels to live connections.
	Live    []Live
	Limits  []Limit // that callers may need to know
	Metrics []prometheus.Collector
}

// EraseMembers erases members in features, from the last one, in the caller's transaction.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string, in []Feature) error {
	for _, f := range slices.Backward(in) {
		if f.EraseMembers != nil {
			if err := f.EraseMembers(ctx, tx, communityID, memberIDs); err != nil {
				return err
			}
		}
	}
	return nil
}
