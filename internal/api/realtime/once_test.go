package realtime_test

import (
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// An event between hello and resume is sent once, in order: the client could otherwise
// resume after it when the connection breaks, and miss those before.
func TestEventBeforeTheResumeIsSentOnceInOrder(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		lobby := channel(t, a, home, owner, "lobby", false)
		after := settle(t, a, home)
		rename(t, a, home, owner, lobby, "1")
		settle(t, a, home)
		c, hello := connect(t, a, "", max)
		if hello.Sequence != after+1 {
			t.Fatalf("%+v", hello)
		}
		c.send(`{"op":"subscribe","channels":["*"],"ref":"1"}`)
		if f := c.next(); f.Op != "subscribed" || f.Sequence != after+1 {
			t.Fatalf("%+v", f)
		}
		rename(t, a, home, owner, lobby, "2")
		settle(t, a, home)
		c.send(`{"op":"resume","after":%d}`, after)
		rename(t, a, home, owner, lobby, "3")
		var got []int64
		for f := c.next(); len(got) < 3; f = c.next() {
			if f.Op == "event" {
				got = append(got, f.Sequence)
			}
			if len(got) == 3 {
				break
			}
		}
		for i, sequence := range got {
			if sequence != after+int64(i)+1 {
				t.Errorf("events %v after %d", got, after)
				break
			}
		}
	})
}

// A resume that comes after live events does not repeat them.
func TestLateResumeLeavesOutEventsThatWereSent(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		lobby := channel(t, a, home, owner, "lobby", false)
		after := settle(t, a, home)
		rename(t, a, home, owner, lobby, "1")
		settle(t, a, home)
		c, _ := connect(t, a, "", max)
		c.subscribe(lobby)
		rename(t, a, home, owner, lobby, "2")
		if f := c.until("event"); f.Sequence != after+2 { // without a resume it is sent soon
			t.Fatalf("%+v", f)
		}
		c.send(`{"op":"resume","after":%d}`, after)
		var got []int64
		f := c.next()
		for ; f.Op != "resumed"; f = c.next() {
			if f.Op == "event" {
				got = append(got, f.Sequence)
			}
		}
		if len(got) != 1 || got[0] != after+1 || f.From != after+1 || f.To < after+2 {
			t.Errorf("events %v after %d, then %+v", got, after, f)
		}
	})
}

// Events that arrive while a client waits for its gap are not lost.
func TestEventsFollowAGap(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		lobby := channel(t, a, home, owner, "lobby", false)
		settle(t, a, home)
		c, hello := connect(t, a, "", max)
		c.send(`{"op":"subscribe","channels":["*"]}`)
		if f := c.next(); f.Op != "subscribed" {
			t.Fatalf("%+v", f)
		}
		rename(t, a, home, owner, lobby, "1")
		settle(t, a, home)
		c.send(`{"op":"resume","after":%d}`, hello.Sequence+1_000)
		if f := c.next(); f.Op != "gap" {
			t.Fatalf("%+v", f)
		}
		if f := c.until("event"); f.Sequence != hello.Sequence+1 {
			t.Errorf("%+v", f)
		}
	})
}
