package app_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const undoRows = 6_000

// TestUndoKilledManyTimesEndsLikeUninterruptedOne kills the program while an
// undo runs.
func TestUndoKilledManyTimesEndsLikeUninterruptedOne(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			chance := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
			first, second := chance.seedFile(t, undoRows/6), chance.mixedFile(t, undoRows)
			calm := newNode(t, engine)
			jobs := calm.beginUndo(first, second)
			calm.await(jobs[1])
			calm.Stop()
			want := stateOf(t, calm.config, calm.community, jobs...)

			n := newNode(t, engine)
			jobs = n.beginUndo(first, second)
			n.chance = chance.Rand
			n.killDuringJob(jobs[1], undoRows, 0, 0, 0.1, 0.2, 0.4, 0.6)
			done := n.await(jobs[1])
			n.Stop()
			t.Logf("%d kills: %+v", n.kills, done.Counts)
			if n.kills == 0 || done.Counts.Updated < undoRows/3 {
				t.Errorf("the test is too tame")
			}
			compareStates(t, stateOf(t, n.config, n.community, jobs...), want)
		})
	}
}

// beginUndo imports two files and starts the undo of the second import. It returns the
// ids of that and of the undo.
func (n *node) beginUndo(first, second []byte) (jobIDs []string) {
	n.t.Helper()
	n.await(n.upload(first, "one").jobID)
	jobID := n.upload(second, "two").jobID
	n.await(jobID)
	return []string{jobID, n.undo(jobID)}
}

// undo starts the undo of a job and returns its id.
func (n *node) undo(jobID string) string {
	n.t.Helper()
	got := n.sendTo(n.t.Context(), "/v1/users/bulk-update/"+jobID+"/undo", formBody{strings.NewReader("{}"), 2, "application/json"}, "undo")
	if got.status != http.StatusOK {
		n.t.Fatalf("undo: %+v", got)
	}
	return got.jobID
}
