package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const mergedRows = 12_000

// TestMergeOfATagKilledManyTimesIsCompleted kills the program while a job
// replaces a merged tag. Each member then has the other tag, and one row of the
// history.
func TestMergeOfATagKilledManyTimesIsCompleted(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			n.chance = rand.New(rand.NewPCG(rand.Uint64(), 0))
			vip, other := n.createTag("Vip"), n.createTag("VIP")
			var file strings.Builder
			file.WriteString("Email,Username,First Name,Last Name,Tag\n")
			for i := range mergedRows {
				fmt.Fprintf(&file, "m%[1]d@example.com,m%[1]d,A,B,%[2]s\n", i, []string{"Vip", `"Vip,VIP"`, "VIP"}[i%3])
			}
			if done := n.await(n.upload([]byte(file.String()), "members").jobID); done.Counts.Created != mergedRows {
				t.Fatalf("%+v", done.Counts)
			}
			n.must(http.MethodPut, n.tags()+"/"+vip, `{"name":"VIP","merge":true}`)
			last := ""
			for range 6 {
				if last = n.nextReplacement(last); last == "" {
					break
				}
				n.crash(60 * time.Millisecond)
				n.Restart()
				if got := n.get("/v1/communities/" + n.community + "/users?limit=1&tag=" + vip); got.Meta.Total < 1000 {
					t.Errorf("found by the merged tag after a kill: %+v", got.Meta)
				}
			}
			t.Logf("%d kills", n.kills)
			if n.kills < 2 {
				t.Error("the test is too tame")
			}
			for last != "" {
				last = n.nextReplacement(last)
			}
			n.Stop()
			n.wantMerged(vip, other)
		})
	}
}

var unfinishedJobs = regexp.MustCompile(`(?m)^regulars_jobs\{state="(?:waiting|queued|running)"\} [1-9]`)

func (n *node) tags() string { return "/v1/communities/" + n.community + "/tags" }

// call sends a request; the zero response: the connection broke.
func (n *node) call(method, path, body string) (got response) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.URL+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := n.client.Do(r)
	if err != nil {
		return response{}
	}
	err = json.NewDecoder(answer.Body).Decode(&got)
	if errors.Join(err, answer.Body.Close()) != nil {
		return response{}
	}
	got.status = answer.StatusCode
	return got
}

// must is call with a request that succeeds.
func (n *node) must(method, path, body string) response {
	n.t.Helper()
	got := n.call(method, path, body)
	if got.status < 200 || got.status > 299 {
		n.t.Fatalf("%s %s: %d %s", method, path, got.status, got.Code)
	}
	return got
}

func (n *node) createTag(name string) (tagID string) {
	n.t.Helper()
	var made struct {
		ID string `json:"_id"`
	}
	if err := json.Unmarshal(n.must(http.MethodPost, n.tags(), `{"name":"`+name+`"}`).Data, &made); err != nil {
		n.t.Fatal(err)
	}
	return made.ID
}

// nextReplacement waits until the job has replaced more tags than at the row of
// the history, and returns the newest row; "" if it has ended.
func (n *node) nextReplacement(after string) (row string) {
	n.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(apptest.Timeout)
	for {
		var rows []struct {
			ID string `json:"_id"`
		}
		got := n.get("/v1/communities/" + n.community + "/user-field-histories?source=tag&limit=1")
		if got.status == http.StatusOK && json.Unmarshal(got.Data, &rows) == nil && len(rows) > 0 && rows[0].ID != after {
			return rows[0].ID
		}
		if text := n.text("/metrics"); strings.Contains(text, "regulars_jobs{") && !unfinishedJobs.MatchString(text) {
			return ""
		}
		select {
		case <-tick.C:
		case <-late:
			n.t.Fatalf("the job makes no progress\n%s", n.Log())
		}
	}
}

// wantMerged checks the database of a stopped server.
func (n *node) wantMerged(vip, other string) {
	n.t.Helper()
	wanted := map[string]struct {
		query string
		args  []any
		want  int
	}{
		"members with the other tag only": {"SELECT count(*) FROM members WHERE community_id = $1 AND CAST(tags AS TEXT) = $2", []any{n.community, `["` + other + `"]`}, mergedRows},
		"rows of the history":             {"SELECT count(*) FROM field_history WHERE community_id = $1 AND source_type = 'tag' AND source_id = $2", []any{n.community, vip}, mergedRows / 3 * 2},
		"members with a row":              {"SELECT count(DISTINCT user_id) FROM field_history WHERE community_id = $1 AND source_type = 'tag'", []any{n.community}, mergedRows / 3 * 2},
		"pending merges":                  {"SELECT count(*) FROM merged_tags WHERE community_id = $1 AND pending", []any{n.community}, 0},
	}
	n.withDatabase(func(db *sqldb.DB) error {
		for what, c := range wanted {
			got, err := sqldb.One(n.t.Context(), db, "count", sqldb.Value[int], c.query, c.args...)
			if err != nil || got != c.want {
				n.t.Errorf("%s: %d, want %d %v", what, got, c.want, err)
			}
		}
		return nil
	})
}
