package sqldb_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// The second of two equal signals in quick succession must not wait for the next poll.
func TestOtherNodesReceiveTheLastSignalOfABurst(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		here := sqldbtest.Open(t, address)
		if here.Dialect() == sqldb.SQLite {
			return // only this process receives signals
		}
		there := sqldbtest.Open(t, address)
		payloads := listen(t, there, "jobs")
		expectPayload(t, payloads, "") // listening
		for range 3 {
			begun := time.Now()
			signal(t, here, "jobs", "one", nil)
			expectPayload(t, payloads, "one")
			signal(t, here, "jobs", "one", nil) // within the interval, unless the machine is slow
			if time.Since(begun) > 15*time.Millisecond {
				t.Log("slow")
			}
			expectPayload(t, payloads, "one")
		}
	})
}
