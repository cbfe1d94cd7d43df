package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Consumer handles events of some types, each community for itself and in order.
type Consumer struct {
	Name  string        // stable: its positions are saved under it
	Types []string      // names of types
	Delay time.Duration // collects events before they are handled; 0: none

	Conversations bool // receives events of conversations too

	// Handle handles a batch of events of one depth in the transaction that saves the
	// position, so that its changes of the database happen exactly once. Everything else may
	// happen again. After an error the batch is retried with backoff, while
	// other consumers and communities continue; after the last attempt the job
	// is dead until it is queued again or dismissed. With a *PartialError the transaction
	// is committed and the rest of the batch follows in another one.
	Handle func(ctx context.Context, tx *sqldb.Tx, batch []Event) error
}

// PartialError is the error of a consumer that has handled the first Done events of its
// batch, and does not want to handle more in one transaction. The others are delivered
// again; with Done 0 the consumer has stored how far it is in the first one.
type PartialError struct{ Done int }

// Error implements error.
func (p *PartialError) Error() string {
	return fmt.Sprintf("%d events are handled; continue in another transaction", p.Done)
}

func (c Consumer) kinds() kinds { return kinds{c.Types, c.Conversations} }

// Limits of a batch.
const (
	batchEvents = 200
	batchBytes  = 1 << 20 // of data
	batchRange  = 20_000  // sequences that a batch examines
)

// consumeArgs are the arguments of the job that delivers the events of a
// community to a consumer.
type consumeArgs struct {
	Consumer    string `json:"consumer"`
	CommunityID string `json:"communityId"`
}

// Kind is the kind of the job.
func (consumeArgs) Kind() string { return "event.consume" }

// unique is the unique key of the job.
func (a consumeArgs) unique() string { return a.Consumer + " " + a.CommunityID }

// queueConsumer queues the job of a consumer unless there is one.
func (s *Events) queueConsumer(ctx context.Context, tx *sqldb.Tx, a consumeArgs, delay time.Duration) error {
	o := jobs.Options{Unique: a.unique(), CommunityID: a.CommunityID}
	if delay > 0 {
		o.RunAt = s.clock.Now().Add(delay)
	}
	_, err := jobs.Insert(ctx, tx, a, o)
	return err
}

// restAfterCrashes is the rest of a consumer whose process was killed several times: its
// events are never left behind.
const restAfterCrashes = time.Minute

// consume delivers events until there are none.
func (s *Events) consume(ctx context.Context, j *jobs.Job, a consumeArgs) error {
	c, known := s.consumers[a.Consumer]
	if !known { // of another version of the program
		if other, err := j.HasOtherNode(ctx); err != nil || other {
			return cmp.Or(err, jobs.ErrWrongNode)
		}
		return nil
	}
	for {
		done, err := s.deliver(ctx, j, c, a)
		if err != nil {
			return fmt.Errorf("consumer %s: %w", c.Name, err)
		}
		if done {
			return nil
		}
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// deliver delivers one batch. done reports that the job is complete.
func (s *Events) deliver(ctx context.Context, j *jobs.Job, c Consumer, a consumeArgs) (done bool, err error) {
	err = j.Tx(ctx, func(tx *sqldb.Tx) error {
		done = false
		last, err := lastSequence(ctx, tx, a.CommunityID)
		if err != nil {
			return err
		}
		if last == 0 { // the community was erased: leave no position behind
			done = true
			return j.Complete(ctx, tx)
		}
		position, err := lockPosition(ctx, tx, a.CommunityID, c.Name)
		if err != nil {
			return err
		}
		to := min(last, position+batchRange)
		batch, full, err := selectEvents(ctx, tx, a.CommunityID, position, to, c.kinds(), batchEvents, batchBytes)
		if err != nil {
			return err
		}
		if full {
			to = batch[len(batch)-1].Sequence
		}
		if len(batch) > 0 {
			if to, err = handle(ctx, tx, c, batch, position, to); err != nil {
				return err
			}
		}
		if to > position {
			if err := setPosition(ctx, tx, a.CommunityID, c.Name, to); err != nil {
				return err
			}
			if err := j.Advance(ctx, tx, to); err != nil {
				return err
			}
		}
		if to < last {
			return nil
		}
		done = true
		return s.complete(ctx, tx, j, c, a, to)
	})
	return done, err
}

// handle passes the events of a batch that have the depth of the first one to the consumer,
// and returns the new position: to, if it has handled all events.
func handle(ctx context.Context, tx *sqldb.Tx, c Consumer, batch []Event, position, to int64) (int64, error) {
	depth := batch[0].Depth
	if other := slices.IndexFunc(batch, func(e Event) bool { return e.Depth != depth }); other > 0 {
		batch = batch[:other]
		to = batch[other-1].Sequence
	}
	err := c.Handle(WithDepth(ctx, depth), tx, batch)
	if partial, ok := errors.AsType[*PartialError](err); ok {
		if partial.Done == 0 {
			return position, nil
		}
		return batch[partial.Done-1].Sequence, nil
	}
	return to, err
}

// complete ends a job that has delivered everything up to a position. Events that
// are numbered meanwhile do not get lost: before the deletion of the job their
// notification finds the job, after it this transaction finds them.
func (s *Events) complete(ctx context.Context, tx *sqldb.Tx, j *jobs.Job, c Consumer, a consumeArgs, position int64) error {
	if err := j.Complete(ctx, tx); err != nil {
		return err
	}
	last, err := lastSequence(ctx, tx, a.CommunityID)
	if err != nil || last <= position {
		return err
	}
	if has, err := hasEvents(ctx, tx, a.CommunityID, position, last, c.kinds()); err != nil || !has {
		return err
	}
	return s.queueConsumer(ctx, tx, a, 0)
}

// sortedConsumers returns the consumers by name.
func (s *Events) sortedConsumers() []Consumer {
	list := make([]Consumer, 0, len(s.consumers))
	for _, c := range s.consumers {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Consumer) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
