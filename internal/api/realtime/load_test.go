package realtime_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// A server accepts a thousand clients at once, and has no goroutine of theirs after they
// have left.
func TestManyClientsComeAndLeaveNothing(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) { // not parallel: it counts goroutines
			a := apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) { c.ConnectionsPerNet = 0 }))
			home, owner := openCommunity(t, a)
			tokens := []string{owner}
			for i := range 20 {
				_, token := joined(t, a, home, fmt.Sprintf("member%d", i))
				tokens = append(tokens, token)
			}
			lobby := channel(t, a, home, owner, "lobby", false)
			settle(t, a, home)
			witness, _ := connect(t, a, "", owner)
			witness.subscribe("*")
			before := runtime.NumGoroutine()
			const clients = 1_000
			conns := make([]*connection, clients)
			begun := time.Now()
			var dialers sync.WaitGroup
			for d := range 20 {
				dialers.Go(func() {
					for i := d; i < clients; i += 20 {
						c, _, err := dial(t, a, "", tokens[1+d])
						if err != nil {
							t.Error(err)
							return
						}
						conns[i] = c
						c.send(`{"op":"subscribe","channels":["*"],"ref":"1"}`)
					}
				})
			}
			dialers.Wait()
			if t.Failed() {
				return
			}
			for _, c := range conns {
				c.until("subscribed")
			}
			t.Logf("%d clients in %s", clients, time.Since(begun).Round(time.Millisecond))
			rename(t, a, home, owner, lobby, "new")
			want := witness.event("channel.updated").Sequence
			for _, c := range conns {
				if f := c.event("channel.updated"); f.Sequence != want {
					t.Fatalf("%+v, want %d", f, want)
				}
			}
			for i, c := range conns {
				if i%2 == 0 {
					_ = c.CloseNow() // without a close frame
				} else {
					go func() { _ = c.Close(websocket.StatusNormalClosure, "") }()
				}
			}
			late := time.After(waitAtMost)
			for runtime.NumGoroutine() > before+20 { // connections of the database and of requests come and go
				select {
				case <-late:
					t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
				default:
					runtime.Gosched()
				}
			}
			rename(t, a, home, owner, lobby, "newer")
			if f := witness.event("channel.updated"); f.Sequence <= want {
				t.Errorf("%+v", f)
			}
		})
	}
}

// A clock that steps back changes neither sequences nor marks nor limits.
func TestClockThatStepsBackDisturbsNoConnection(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			a := apptest.New(t, engine, apptest.WithClock(clock.At(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })))
			home, owner := openCommunity(t, a)
			_, token := joined(t, a, home, "ada")
			lobby, hidden := channel(t, a, home, owner, "lobby", false), channel(t, a, home, owner, "hidden", true)
			settle(t, a, home)
			ahead.Store(int64(20 * time.Minute)) // not a new visit
			viewer, _ := connect(t, a, "", owner)
			viewer.subscribe("*")
			member, hello := connect(t, a, "", token)
			member.subscribe("*")
			member.send(`{"op":"typing","channelId":%q}`, lobby)
			if f := viewer.until("now"); f.Type != "typing" {
				t.Errorf("%+v", f)
			}
			rename(t, a, home, owner, lobby, "1")
			if f := member.until("event"); f.Sequence != hello.Sequence+1 {
				t.Errorf("%+v", f)
			}
			ahead.Store(0)
			rename(t, a, home, owner, lobby, "2")
			if f := member.until("event"); f.Sequence != hello.Sequence+2 {
				t.Errorf("%+v", f)
			}
			rename(t, a, home, owner, hidden, "3")
			for f := member.until("mark"); f.Sequence < hello.Sequence+3; f = member.until("mark") {
				continue
			}
			member.send(`{"op":"typing","channelId":%q,"ref":"again"}`, lobby)
			if f := viewer.until("now"); f.Type != "typing" {
				t.Errorf("%+v", f)
			}
		})
	}
}
