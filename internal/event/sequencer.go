package event

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// numberBatch is how many events one transaction numbers.
const numberBatch = 1_000

// number numbers a batch of committed events in the order in which they were
// inserted and reports whether there may be more.
//
// The lock makes the numbers of one batch visible before the next batch is
// selected, so that numbers appear in ascending order. An event that was
// committed before the transaction of another one began was also inserted before
// it, so it has the lower number.
func (s *Events) number(ctx context.Context) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockWorker(ctx, "event sequencer"); err != nil {
			return err
		}
		more, err = numberPending(ctx, tx)
		return err
	})
	return more, err
}

// numberAll numbers all pending events in a transaction that IsSerial.
func numberAll(ctx context.Context, tx *sqldb.Tx) error {
	for more := true; more; {
		var err error
		if more, err = numberPending(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func numberPending(ctx context.Context, tx *sqldb.Tx) (more bool, err error) {
	last, n, err := assignSequences(ctx, tx, numberBatch)
	if err != nil || n == 0 {
		return false, err
	}
	if err := setLastSequences(ctx, tx, last); err != nil {
		return false, err
	}
	for communityID := range last {
		if len(last) > maxNotified {
			communityID = "" // all
		}
		if err := tx.Notify(ctx, topic, communityID); err != nil {
			return false, err
		}
	}
	return n == numberBatch, nil
}

// maxNotified is how many communities one transaction notifies by name.
const maxNotified = 20

// sequence numbers events until ctx ends: after each commit of this process, and
// at each poll those of transactions without IsSerial on SQLite, of commands and
// of nodes that have ended.
func (s *Events) sequence(ctx context.Context) {
	woken := s.appended
	if s.db.Dialect() == sqldb.SQLite {
		woken = nil // a transaction of our own would delay the import that appends them
	}
	s.every(ctx, woken, func(polled bool) {
		pending := true
		var err error
		if polled {
			pending, err = hasPending(ctx, s.db)
		}
		for err == nil && pending && ctx.Err() == nil {
			pending, err = s.number(ctx)
		}
		s.report(ctx, "number", err)
		if polled {
			s.report(ctx, "read numbers", s.pollWatched(ctx))
		}
	})
}
