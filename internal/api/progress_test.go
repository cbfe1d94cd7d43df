package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
)

// manyMembers returns a file of n members.
func manyMembers(n int) string {
	var b strings.Builder
	b.WriteString("First Name,Last Name,Username,Email\n")
	for i := range n {
		fmt.Fprintf(&b, "Ada,L%d,member%d,member%d@example.com\n", i, i, i)
	}
	return b.String()
}

func TestProgressIsSentAtMostFourTimesASecondAndEndsWithDone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		jobID, _ := sendForm(t, a, "/v1/users/bulk-import", key, manyMembers(6_000), nil).at("data.jobId").(string)
		var system clock.Clock
		started := system.Now()
		events := listen(t, a, key, community, jobID)
		most := 1 + int(system.Now().Sub(started)/(250*time.Millisecond))
		last := events[len(events)-1]
		if len(events) < 2 || last.name != "done" || last.status["status"] != "completed" || last.status["percent"] != 100.0 {
			t.Errorf("%d events, the last is %v", len(events), last)
		}
		read := -1.0
		for i, e := range events[:len(events)-1] {
			now, _ := e.status["counts"].(map[string]any)["read"].(float64)
			if e.name != "progress" || now < read {
				t.Errorf("event %d is %s with %v rows after %v", i, e.name, now, read)
			}
			read = now
		}
		if n := len(events) - 1; n > most {
			t.Errorf("%d progress events, at most %d are allowed", n, most)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.BulkBatchRows = 20 }))
}

type progressEvent struct {
	name   string
	status map[string]any
}

// openProgress opens the event stream of a job.
func openProgress(t *testing.T, a *apptest.App, credential, community, jobID string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/v1/users/bulk-update/"+jobID+"/progress?communityId="+community, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+credential)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// listen reads the events of a job to their end.
func listen(t *testing.T, a *apptest.App, key, community, jobID string) (events []progressEvent) {
	t.Helper()
	return listenUntil(t, a, key, community, jobID, func(*testing.T) {})
}

// listenUntil is listen that calls end after the first event.
func listenUntil(t *testing.T, a *apptest.App, credential, community, jobID string, end func(*testing.T)) (events []progressEvent) {
	t.Helper()
	res := openProgress(t, a, credential, community, jobID)
	defer func() { _ = res.Body.Close() }()
	name := ""
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if event, found := strings.CutPrefix(lines.Text(), "event: "); found {
			name = event
		}
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			e := progressEvent{name: name}
			if err := json.Unmarshal([]byte(data), &e.status); err != nil {
				t.Errorf("%s: %v", data, err)
			}
			if events = append(events, e); len(events) == 1 {
				end(t)
			}
		}
	}
	if len(events) == 0 {
		t.Fatalf("no events: %d", res.StatusCode)
	}
	return events
}
