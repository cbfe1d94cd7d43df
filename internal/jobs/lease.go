package jobs

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// keepAlive says, three times in a lease, that this node lives and works on
// its jobs, and learns which of them it should not work on any more.
func (e *Engine) keepAlive() {
	timer := time.NewTimer(e.options.Lease / 3)
	defer timer.Stop()
	var forgotten int64
	for {
		select {
		case <-e.base.Done():
			return
		case <-timer.C:
		}
		pause := e.options.Lease / 3
		at := e.clock.MS()
		if err := e.heartbeat(e.base, at-forgotten > dayMS); err != nil {
			e.note(err)
			pause = min(pause, time.Second)
		} else if at-forgotten > dayMS {
			forgotten = at
		}
		timer.Reset(pause)
	}
}

func (e *Engine) heartbeat(ctx context.Context, alsoForget bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before := e.snapshot()
	var mine []lease
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := seeNode(ctx, tx, e.nodeID, e.clock.MS()); err != nil {
			return err
		}
		if alsoForget {
			if err := forget(ctx, tx, e.clock.MS()-keptDays*dayMS); err != nil {
				return err
			}
		}
		return e.beat(ctx, tx, before)
	})
	if err != nil {
		return err
	}
	if mine, err = leases(ctx, e.db, e.nodeID); err != nil {
		return err
	}
	held := map[string]bool{}
	for _, l := range mine {
		held[l.jobID+l.token] = true
		if l.cancelAsked {
			e.end(l.jobID, l.token, ErrCancelled)
		}
	}
	for _, j := range before {
		if !held[j.ID+j.token] {
			e.end(j.ID, j.token, ErrLeaseLost) // no effect if it has just ended
		}
	}
	return nil
}

// beat makes the leases of jobs of this node longer.
func (e *Engine) beat(ctx context.Context, tx *sqldb.Tx, list []*Job) error {
	if len(list) == 0 {
		return nil
	}
	ids, idsWithTokens := make([]string, len(list)), make([]string, len(list))
	for i, j := range list {
		ids[i], idsWithTokens[i] = j.ID, j.ID+j.token
	}
	return beat(ctx, tx, ids, idsWithTokens, e.leaseEnd())
}

// OtherNodes returns how many processes worked on jobs in the last day and did
// not stop, this one left out.
func (e *Engine) OtherNodes(ctx context.Context) (int, error) {
	return countOthers(ctx, e.db, e.nodeID)
}

// LiveNodes returns how many processes work on jobs, this one included.
func (e *Engine) LiveNodes(ctx context.Context) (int, error) {
	return liveNodes(ctx, e.db, e.clock.Now().Add(-e.options.Lease).UnixMilli())
}
