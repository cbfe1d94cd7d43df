package realtime_test

import (
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestSubscriberReceivesEventsAndMarks(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		_, owner := a.Owner(t, home, "olga")
		c, hello := connect(t, a, "", owner)
		if hello.CommunityID != home || len(hello.ConnectionID) != 24 || hello.Heartbeat != 25000 {
			t.Errorf("%+v", hello)
		}
		if f := c.subscribe("*"); f.Ref != "1" || f.Sequence < hello.Sequence {
			t.Errorf("%+v", f)
		}
		lobby := channel(t, a, home, owner, "lobby", false)
		f := c.event("channel.created")
		created, _ := f.Data["channel"].(map[string]any)
		if f.Type != "channel.created" || f.ChannelID != lobby || created["topic"] != "lobby" || f.Sequence <= hello.Sequence {
			t.Errorf("%+v", f)
		}
		c.send(`{"op":"ping"}`)
		if m := c.until("mark"); m.Sequence < f.Sequence {
			t.Errorf("%+v", m)
		}
	})
}
