package app_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// Requests that write limit the transactions of imports on SQLite; the time of the last
// use of their credential does not.
func TestRequestsThatWriteLimitTransactions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		a.Owner(t, communityID, "olivia")
		key := a.Key(t, communityID)
		limited := func(method, path string, body any) bool {
			t.Helper()
			limiter := a.DB.NewBatchLimiter(clock.Clock{})
			if status, response := a.Do(t, method, path, key, body); status != http.StatusOK && status != http.StatusCreated {
				t.Fatalf("%s %s: %d %v", method, path, status, response)
			}
			limiter.Record(10_000, time.Now().Add(-time.Second))
			return limiter.Rows() < math.MaxInt
		}
		if limited(http.MethodGet, "/v1/servers/"+communityID, nil) {
			t.Error("a request that reads limits transactions")
		}
		if got, want := limited(http.MethodPost, "/v1/communities/"+communityID+"/tags", map[string]string{"name": "VIP"}), a.DB.Dialect() == sqldb.SQLite; got != want {
			t.Errorf("a request that writes limits transactions: %v, want %v", got, want)
		}
	})
}
