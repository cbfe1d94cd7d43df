package event_test

import (
	"errors"
	"testing"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestEventIsCommittedWithItsTransaction(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		appendEvent := func(end error) error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error {
				e := event.Event{CommunityID: "c", Type: event.BulkJobFinished, Data: event.BulkJob{JobID: "j"}}
				if err := event.Append(ctx, tx, 1_700_000_000_000, e); err != nil {
					return err
				}
				return end
			})
		}
		if err := appendEvent(errors.New("no")); err == nil {
			t.Fatal("the transaction was committed")
		}
		if err := appendEvent(nil); err != nil {
			t.Fatal(err)
		}
		n, err := sqldb.One(ctx, db, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE sequence IS NULL AND type = 'bulk_job.finished'")
		if err != nil || n != 1 {
			t.Fatalf("%d events, want 1 (%v)", n, err)
		}
	})
}
