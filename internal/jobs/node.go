package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// renewLeasesRegularly renews the leases of this node three times per lease, and
// cancels the jobs that it has lost.
func (e *Engine) renewLeasesRegularly() {
	timer := time.NewTimer(e.options.Lease / 3)
	defer timer.Stop()
	var forgotten int64
	for {
		select {
		case <-e.workCtx.Done():
			return
		case <-timer.C:
		}
		pause := e.options.Lease / 3
		at := e.clock.MS()
		if err := e.heartbeat(e.workCtx, at-forgotten > dayMS); err != nil {
			e.noteOutage(err)
			pause = min(pause, time.Second)
		} else if at-forgotten > dayMS {
			forgotten = at
		}
		timer.Reset(pause)
	}
}

func (e *Engine) heartbeat(ctx context.Context, alsoForget bool) error {
	ctx, cancel := context.WithTimeout(ctx, cycleTimeout)
	defer cancel()
	before := e.snapshot()
	var mine []lease
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := renewNode(ctx, tx, e.node, e.clock.MS()); err != nil {
			return err
		}
		if alsoForget {
			if err := deleteFinished(ctx, tx, e.clock.MS()-retentionDays*dayMS); err != nil {
				return err
			}
		}
		return e.renewLeases(ctx, tx, before)
	})
	if err != nil {
		return err
	}
	if mine, err = selectLeases(ctx, e.db, e.nodeID); err != nil {
		return err
	}
	held := map[string]bool{}
	for _, l := range mine {
		held[l.jobID+l.token] = true
		if l.cancelRequested {
			e.cancelJob(l.jobID, l.token, ErrCancelled)
		}
	}
	for _, j := range before {
		if !held[j.ID+j.token] {
			e.cancelJob(j.ID, j.token, ErrLeaseLost) // no effect if it has just finished
		}
	}
	return nil
}

// renewLeases renews the leases of running jobs.
func (e *Engine) renewLeases(ctx context.Context, tx *sqldb.Tx, list []*Job) error {
	if len(list) == 0 {
		return nil
	}
	ids, idsWithTokens := make([]string, len(list)), make([]string, len(list))
	for i, j := range list {
		ids[i], idsWithTokens[i] = j.ID, j.ID+j.token
	}
	return renewLeases(ctx, tx, ids, idsWithTokens, e.leaseEnd())
}

// Node is a process that runs jobs.
type Node struct {
	ID          string `json:"id"`
	Version     string `json:"version"`     // of its program; "" of a program that does not record it
	StartedAt   int64  `json:"startedAt"`   // Unix milliseconds
	SeenAt      int64  `json:"lastSeenAt"`  // Unix milliseconds
	RunningJobs int64  `json:"runningJobs"` // also those with an expired lease
	Live        bool   `json:"live"`        // seen within the length of a lease
	This        bool   `json:"this"`        // this process
}

// Nodes returns the nodes that were live in the last day and have not stopped, in
// the order of their start.
func (e *Engine) Nodes(ctx context.Context) ([]Node, error) {
	list, err := selectNodes(ctx, e.db)
	since := e.clock.Now().Add(-e.options.Lease).UnixMilli()
	for i := range list {
		list[i].Live, list[i].This = list[i].SeenAt >= since, list[i].ID == e.nodeID
	}
	return list, err
}

// OtherNodes returns how many other nodes were live in the last day and have not
// stopped.
func (e *Engine) OtherNodes(ctx context.Context) (int, error) {
	return countOtherNodes(ctx, e.db, e.nodeID)
}

// LiveNodes returns how many nodes are live, including this one.
func (e *Engine) LiveNodes(ctx context.Context) (int, error) {
	return countLiveNodes(ctx, e.db, e.clock.Now().Add(-e.options.Lease).UnixMilli())
}

// ErrWrongNode is the result of a worker on a node that lacks a file or another
// resource of the job: another node runs the job. The attempt does not count.
// This node ignores the job for the length of a lease.
var ErrWrongNode = errors.New("jobs: another node has what the job needs")

// HasOtherNode reports whether a node is live that has not returned ErrWrongNode
// for the job. If there is none, the worker must end the job.
func (j *Job) HasOtherNode(ctx context.Context) (bool, error) {
	e := j.engine
	live, err := selectLiveNodeIDs(ctx, e.db, e.clock.Now().Add(-e.options.Lease).UnixMilli())
	return slices.ContainsFunc(live, func(nodeID string) bool { return nodeID != e.nodeID && !containsNode(j.rejectedBy, nodeID) }), err
}

// containsNode reports whether a list of the form ' id id ' contains a node.
func containsNode(list, nodeID string) bool { return strings.Contains(list, " "+nodeID+" ") }

func addNode(list, nodeID string) string {
	if containsNode(list, nodeID) {
		return list
	}
	return " " + strings.TrimLeft(list, " ") + nodeID + " "
}
