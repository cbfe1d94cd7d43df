package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// TestOtherRequestsAreServedWhileAFileLoads reads members and creates
// tags during an import of 100,000 rows. The limit is a share of the time of the
// import, as the machine may be loaded.
func TestOtherRequestsAreServedWhileAFileLoads(t *testing.T) {
	const rows = 100_000
	var file strings.Builder
	file.WriteString("First Name,Last Name,Username,Email,Plan,Score\n")
	for i := range rows {
		fmt.Fprintf(&file, "First%d,Last%d,user%d,user%d@example.com,gold,%d\n", i, i, i, i, i%1000)
	}
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			n := newNode(t, engine, "REGULARS_BULK_PIECE_ROWS=5000", "REGULARS_LEASE=30s", "REGULARS_LOG_LEVEL=warn")
			n.await(n.upload([]byte("First Name,Last Name,Username,Email\nAnn,Ash,ann,ann@example.com\n"), "first").jobID)
			begun := time.Now()
			jobID := n.upload([]byte(file.String()), "second").jobID
			loaded := make(chan struct{})
			var asked, written []time.Duration
			var users sync.WaitGroup
			users.Go(func() {
				asked = n.timeEach(loaded, func(int) (path, body string, want int) {
					return "/v1/users/info", `{"idOrEmail":"ann@example.com"}`, http.StatusOK
				})
			})
			users.Go(func() {
				written = n.timeEach(loaded, func(i int) (path, body string, want int) {
					return "/v1/communities/" + n.community + "/tags", fmt.Sprintf(`{"name":"small write %d"}`, i), http.StatusCreated
				})
			})
			done := n.await(jobID)
			bound := max(500*time.Millisecond, time.Since(begun)/20)
			close(loaded)
			users.Wait()
			if done.Counts.Created != rows {
				t.Errorf("%+v", done)
			}
			t.Logf("%.0f rows a second; %s; small writes %s", done.RowsPerSecond, summary(asked), summary(written))
			if len(asked) < 100 || quantile(asked, 0.99) > bound {
				t.Errorf("requests: %s, want a 99th percentile under %s", summary(asked), bound)
			}
			if len(written) == 0 {
				t.Error("nothing was written")
			}
			n.Stop()
		})
	}
}

// timeEach sends sequential requests until stop is closed.
func (n *node) timeEach(stop chan struct{}, request func(i int) (path, body string, want int)) (took []time.Duration) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return took
		case <-pause.C:
		}
		path, body, want := request(i)
		r, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.URL+path, bytes.NewReader([]byte(body)))
		if err != nil {
			n.t.Error(err)
			return took
		}
		r.Header.Set("Authorization", "Bearer "+n.key)
		r.Header.Set("Content-Type", "application/json")
		start := time.Now()
		answer, err := client.Do(r)
		if err != nil {
			n.t.Error(err)
			return took
		}
		text, err := io.ReadAll(answer.Body)
		took = append(took, time.Since(start))
		if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != want {
			n.t.Errorf("%s: %s %s, %v", path, answer.Status, text, err)
		}
	}
}

func quantile(took []time.Duration, share float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[int(share*float64(len(sorted)-1))]
}

func summary(took []time.Duration) string {
	return fmt.Sprintf("%d requests, half under %s, 99%% under %s, all under %s", len(took), quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1))
}
