package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// ErrElsewhere is the answer of a worker if its node lacks a file or another
// thing that the job needs: other nodes do the job. It burns no attempt. This node leaves
// the job alone for the length of a lease, and then tries again.
var ErrElsewhere = errors.New("jobs: another node has what the job needs")

// OtherNode reports whether a node is alive that has not answered ErrElsewhere
// to the job. If there is none, the job is the worker's to end.
func (j *Job) OtherNode(ctx context.Context) (bool, error) {
	e := j.engine
	live, err := liveNodeIDs(ctx, e.db, e.clock.Now().Add(-e.options.Lease).UnixMilli())
	return slices.ContainsFunc(live, func(nodeID string) bool { return nodeID != e.nodeID && !refused(j.refusedBy, nodeID) }), err
}

// refused reports whether a list, as ' id id ', holds a node.
func refused(list, nodeID string) bool { return strings.Contains(list, " "+nodeID+" ") }

func withNode(list, nodeID string) string {
	if refused(list, nodeID) {
		return list
	}
	return " " + strings.TrimLeft(list, " ") + nodeID + " "
}
