package uitest_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestProgressStreamEndsWithTheSession(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		owner, session := a.Owner(t, community, "olivia")
		done := a.Import(t, community, a.Key(t, community), "First Name,Last Name,Username,Email\nAda,L,ada,ada@example.com\n", nil)
		exec := func(query string, args ...any) {
			if _, err := a.DB.Exec(t.Context(), query, args...); err != nil {
				t.Error(err)
			}
		}
		exec("UPDATE bulk_jobs SET status = 'running', finished_at = 0 WHERE id = $1", done.JobID)
		open := func() *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/c/"+community+"/bulk-jobs/"+done.JobID+"/progress", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: "regulars", Value: session})
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		res := open()
		defer func() { _ = res.Body.Close() }()
		second := open()
		_ = second.Body.Close()
		if second.StatusCode != 429 || second.Header.Get("Retry-After") == "" {
			t.Errorf("a second stream: %d %v", second.StatusCode, second.Header)
		}
		var events []string
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if name, found := strings.CutPrefix(lines.Text(), "event: "); found {
				if events = append(events, name); len(events) == 1 {
					exec("DELETE FROM sessions WHERE account_id = $1", owner.ID)
				}
			}
		}
		if len(events) < 2 || events[len(events)-1] != "dropped" {
			t.Errorf("%d %v", res.StatusCode, events)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.StreamCheck, c.StreamsPerOwner = 10*time.Millisecond, 1 }))
}
