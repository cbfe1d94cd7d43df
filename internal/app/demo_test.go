package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/regulars/regulars/examples"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/importreport"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// demoServer runs a server as the demo does.
func demoServer(t *testing.T) *App {
	t.Helper()
	c, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Addr = t.TempDir(), "127.0.0.1:0"
	a, err := New(t.Context(), c, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	wait := a.listenAlso(ctx)
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := errors.Join(wait(), a.Close()); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestTheDemoAnswersWhereverLocalhostLeads(t *testing.T) {
	var listen net.ListenConfig
	probe, err := listen.Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		if os.Getenv("REGULARS_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip("no IPv6:", err)
	}
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	a := demoServer(t)
	port := strconv.Itoa(a.listener.Addr().(*net.TCPAddr).Port)
	for _, host := range []string{"127.0.0.1", "::1", "localhost"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if err := got.Body.Close(); err != nil || got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", host, got.StatusCode, err)
		}
	}
}

func TestTheDemoHasConversations(t *testing.T) {
	a := demoServer(t)
	d, err := a.createDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job, err := d.upload(t.Context(), "members.csv", examples.Members)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.awaitJob(t.Context(), job, importreport.NewProgress(io.Discard)); err != nil {
		t.Fatal(err)
	}
	if err := a.fillDemo(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for what, query := range map[string]string{
		"messages":                   "SELECT count(*) FROM messages WHERE community_id = $1 AND kind = 'message' AND deleted_at = 0",
		"replies":                    "SELECT count(*) FROM messages WHERE community_id = $1 AND kind = 'reply'",
		"reactions":                  "SELECT count(*) FROM message_reactions WHERE community_id = $1",
		"pins":                       "SELECT count(*) FROM messages WHERE community_id = $1 AND pinned_at <> 0",
		"mentions":                   "SELECT count(*) FROM message_mentions WHERE community_id = $1",
		"images":                     "SELECT count(*) FROM message_attachments WHERE community_id = $1",
		"topics":                     "SELECT count(*) FROM topics WHERE community_id = $1",
		"conversations":              "SELECT count(*) FROM conversations WHERE community_id = $1",
		"messages of a conversation": "SELECT count(*) FROM messages m JOIN conversations c ON c.community_id = m.community_id AND c.id = m.channel_id WHERE m.community_id = $1",
		"visits":                     "SELECT count(*) FROM member_presence WHERE community_id = $1",
		"pictures of badges":         "SELECT count(*) - 3 FROM badges b JOIN media m ON m.community_id = b.community_id AND m.id = b.image WHERE b.community_id = $1",
		"awards":                     "SELECT count(*) FROM badge_awards WHERE community_id = $1",
		"applications":               "SELECT count(*) FROM badge_applications WHERE community_id = $1 AND status = 'pending'",
		"evaluations of badges":      "SELECT count(*) - 2 FROM badges WHERE community_id = $1 AND evaluation_state <> ''",
		"milestones":                 "SELECT count(*) FROM milestones WHERE community_id = $1",
		"reports":                    "SELECT count(*) FROM reports WHERE community_id = $1 AND status = 'open'",
		"old messages":               "SELECT count(*) FROM messages m JOIN communities c ON c.id = m.community_id WHERE m.community_id = $1 AND m.posted_at < c.created_at",
	} {
		n, err := sqldb.One(t.Context(), a.DB, what, sqldb.Value[int64], query, d.communityID)
		if err != nil || n == 0 {
			t.Errorf("%d %s, %v", n, what, err)
		}
	}
	awaitBadges(t, d, "First words", "Good answer", "Rising star", "Meetup host")
}

// awaitBadges waits until each badge was awarded.
func awaitBadges(t *testing.T, d demo, titles ...string) {
	t.Helper()
	after, missing := int64(0), titles
	for len(missing) > 0 {
		var list []struct {
			Sequence int64
			Data     struct{ Badge struct{ Title string } }
		}
		if err := d.get(t.Context(), "/v1/events?types=badge.awarded&wait=30&after="+strconv.FormatInt(after, 10), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			t.Fatalf("not awarded: %q", missing)
		}
		for _, e := range list {
			after = e.Sequence
			missing = slices.DeleteFunc(missing, func(title string) bool { return title == e.Data.Badge.Title })
		}
	}
}
