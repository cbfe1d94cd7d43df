package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const controlRows = 4_000

// TestKilledPlansUpdatesAndUndosEndLikeUninterruptedOnes kills the program
// during a dry run, its apply, an update that adds to numbers and balances, a file of
// premium currency, and their undos.
func TestKilledPlansUpdatesAndUndosEndLikeUninterruptedOnes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
			files := [][]byte{g.seedFile(t, 1000), g.mixedFile(t, controlRows), g.sums(controlRows), g.amounts(controlRows)}
			calm, n := newNode(t, engine, "REGULARS_BULK_PIECE_ROWS=200"), newNode(t, engine, "REGULARS_BULK_PIECE_ROWS=200")
			n.chance = g.Rand
			want, got := calm.runAll(files), n.runAll(files)
			t.Logf("%d kills", n.kills)
			if n.kills < 10 {
				t.Error("the test is too tame")
			}
			for i := range want {
				compareStates(t, got[i], want[i])
			}
		})
	}
}

// sums is an update that adds to the scores, XP and coins of members, most of them
// repeatedly.
func (g *generator) sums(n int) []byte {
	var file strings.Builder
	file.WriteString("Email,Score_op,Score,XP_op,XP,Coins_op,Coins\n")
	for range n {
		fmt.Fprintf(&file, "%s,%s,%d,%s,%d,%s,%d\n", g.known().email, g.operation(), g.IntN(100), g.operation(), 1+g.IntN(100), g.operation(), 1+g.IntN(100))
	}
	return []byte(file.String())
}

func (g *generator) operation() string { return g.pick("add", "add", "add", "subtract", "overwrite") }

// amounts is a file of premium currency, with several rows of a member in a batch.
func (g *generator) amounts(n int) []byte {
	var file strings.Builder
	file.WriteString("email,amount_op,amount,reason\n")
	for i := 0; i < n; {
		email := g.known().email
		for range min(g.pickNumber(1, 1, 1, 64), n-i) {
			fmt.Fprintf(&file, "%s,%s,%d,Row %d\n", email, g.operation(), 1+g.IntN(100), i)
			i++
		}
	}
	return []byte(file.String())
}

func (g *generator) pickNumber(of ...int) int { return of[g.IntN(len(of))] }

// runAll runs all operations on files and records the state after each
// step. A node with a chance is killed meanwhile.
func (n *node) runAll(files [][]byte) (states [][]string) {
	n.t.Helper()
	jobs := []string{}
	live := func(jobID string, kills ...float64) bulk.Status {
		n.t.Helper()
		if n.chance != nil {
			n.killDuringJob(jobID, controlRows, kills...)
		}
		done := n.await(jobID)
		jobs = append(jobs, jobID)
		n.Stop()
		states = append(states, stateOf(n.t, n.config, n.community, jobs...))
		n.Restart()
		return done
	}
	n.await(n.upload(files[0], "one").jobID)
	plan := live(n.post(importPath, files[1], "two", "dryRun", "true", "createTags", "true"), 0, 0.1, 0.4, 0.7, 0.95)
	applied := live(n.order(plan.JobID, "apply"), 0, 0.1, 0.4, 0.7, 0.95)
	if applied.Counts != plan.Counts {
		n.t.Errorf("the plan was %+v, its run %+v", plan.Counts, applied.Counts)
	}
	summed := live(n.post("/v1/users/bulk-update", files[2], "three"), 0, 0.1, 0.4, 0.7, 0.95)
	if summed.Counts.Updated < controlRows/3 {
		n.t.Errorf("the update did little: %+v", summed.Counts)
	}
	paid := live(n.post("/v1/users/premium-currency/bulk-update", files[3], "four"), 0.3)
	if paid.Counts.Updated < controlRows/3 || paid.Counts.Failed < controlRows/50 {
		n.t.Errorf("the file of premium currency did little: %+v", paid.Counts)
	}
	live(n.order(paid.JobID, "undo"), 0.3)
	live(n.order(summed.JobID, "undo"), 0, 0.1, 0.4, 0.7)
	live(n.order(applied.JobID, "undo"), 0, 0.4, 0.7)
	n.Stop()
	return states
}

// post uploads a file with form fields and returns the job.
func (n *node) post(path string, file []byte, key string, fields ...string) (jobID string) {
	n.t.Helper()
	parts := []part{{"data", "members.csv", string(file)}}
	for i := 0; i < len(fields); i += 2 {
		parts = append(parts, part{fields[i], "", fields[i+1]})
	}
	body, kind := encodeParts(n.t, parts)
	got := n.sendTo(n.t.Context(), path, formBody{strings.NewReader(body), int64(len(body)), kind}, key)
	if got.status != http.StatusOK {
		n.t.Fatalf("%s: %+v", path, got)
	}
	return got.jobID
}

// order starts the apply or undo of a job.
func (n *node) order(jobID, what string) (newID string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.URL+"/v1/users/bulk-update/"+jobID+"/"+what, http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	answer, err := n.client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	var response struct {
		Message string
		Data    struct{ JobID string }
	}
	err = json.NewDecoder(answer.Body).Decode(&response)
	_ = answer.Body.Close() // read to its end
	if err != nil || response.Data.JobID == "" || response.Data.JobID == jobID {
		n.t.Fatalf("%s: %s %+v %v", what, answer.Status, response, err)
	}
	return response.Data.JobID
}
