package firing

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/sqldb"
)

// delay collects events that are handled together.
const delay = 200 * time.Millisecond

// Feature describes the package to the application.
func (f *Firings) Feature() feature.Feature {
	return feature.Feature{
		Name: "automation/firing", EraseMembers: EraseMembers, Sweeps: []func(context.Context) error{f.sweep},
		Consumers: []event.Consumer{{Name: "automation", Delay: delay, Handle: f.handle}},
	}
}

// Days for which rows are kept.
const (
	keepLog    = 30
	keepCounts = 100 // longer than any consumer is late
)

func (f *Firings) sweep(ctx context.Context) error {
	before := f.d.Clock.Now().AddDate(0, 0, -keepLog).UnixMilli()
	if err := deleteLog(ctx, f.d.DB, before); err != nil {
		return err
	}
	if err := automation.Forget(ctx, f.d.DB, before); err != nil {
		return err
	}
	return deleteCounts(ctx, f.d.DB, community.DayOf(f.d.Clock.Now())-keepCounts)
}

// EraseMembers deletes the log and the counts of members, in the caller's transaction. It
// is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	return eraseMembers(ctx, tx, communityID, memberIDs)
}
