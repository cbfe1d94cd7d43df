package realtime_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// A member with an open connection is online without requests, and offline some time
// after its end. The connection is no visit.
func TestOpenConnectionCountsAsOnline(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			at := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			a := apptest.New(t, engine, apptest.WithClock(clock.At(at)))
			home, owner := openCommunity(t, a)
			ada, token := joined(t, a, home, "ada")
			online := func() bool {
				status, answer := a.Do(t, "GET", "/v1/users/"+ada+"?communityId="+home+"&isOnline=true", owner, nil)
				if status != 200 {
					t.Fatal(status, answer)
				}
				return answer["data"].(map[string]any)["isOnline"] == true
			}
			await := func(want bool) {
				t.Helper()
				late := time.After(waitAtMost)
				for online() != want {
					select {
					case <-late:
						t.Fatalf("online is not %v", want)
					default:
					}
				}
			}
			c, _ := connect(t, a, "", token)
			ahead.Store(int64(10 * time.Minute)) // a request counts for five
			await(true)
			states, err := figure.Of(t.Context(), a.DB, figure.Moment{MS: at().UnixMilli()}, home, []string{ada})
			if s := states[ada]; err != nil || !s.Online || s.Visits != 1 || time.UnixMilli(s.SeenAt).After(at().Add(-9*time.Minute)) {
				t.Errorf("%+v, %v", s, err)
			}
			_ = c.CloseNow()
			ahead.Store(int64(20 * time.Minute))
			await(false)
		})
	}
}
