package httpx

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/rate"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestASharedLimitHoldsOverAllNodes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := clock.At(func() time.Time { return time.Date(2026, 4, 7, 8, 0, 0, 0, time.UTC) })
		var nodes []*Limit
		for range 3 {
			nodes = append(nodes, NewSharedLimit(rate.New(db, now), "tries", 4, time.Hour))
		}
		var got []string
		for i := range 6 {
			w := httptest.NewRecorder()
			err := nodes[i%3].Take(w, get("/"), "192.0.2.1")
			status := "ok"
			if errs.Is(err, "rate_limited") {
				status = "limited for " + errs.From(err).RetryAfter.String()
			} else if err != nil {
				t.Fatal(err)
			}
			got = append(got, status+" "+w.Header().Get("RateLimit-Limit")+" "+w.Header().Get("RateLimit-Remaining")+" "+w.Header().Get("RateLimit-Reset"))
		}
		var want []string
		for left := 3; left >= 0; left-- {
			want = append(want, "ok 4 "+strconv.Itoa(left)+" 3600")
		}
		if d := cmp.Diff(append(want, "limited for 1h15m0s 4 0 4500", "limited for 1h15m0s 4 0 4500"), got); d != "" {
			t.Error(d)
		}
		if err := nodes[0].Take(httptest.NewRecorder(), get("/"), "192.0.2.2"); err != nil {
			t.Error(err)
		}
	})
}
