package uitest_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message/post"
)

func TestPagesAreCompressedAndDownloadsAndStreamsAreNot(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		general, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if _, err := a.Posts.Send(t.Context(), apptest.Operator, communityID, general.ID, post.Input{Sender: "olivia", Text: fmt.Sprintf("Message number %d.", i)}); err != nil {
				t.Fatal(err)
			}
		}
		done := a.Import(t, communityID, a.Key(t, communityID), "First Name,Last Name,Username,Email\nAda,L,ada,ada@example.com\n", nil)
		home := "/c/" + communityID
		messages := home + "/channels/" + general.ID + "/messages"
		plain := olivia.get(messages)
		packed := olivia.send("GET", messages, http.NoBody, map[string]string{"Accept-Encoding": "gzip"})
		after := olivia.get(messages) // the page has the age of messages
		content := withoutNonce(unpacked(t, packed.text))
		if content != withoutNonce(plain.text) && content != withoutNonce(after.text) || packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%v", packed.header)
		}
		if len(packed.text) > 15_000 || len(plain.text) < 5*len(packed.text) {
			t.Errorf("a page of 50 messages: %d bytes, compressed %d", len(plain.text), len(packed.text))
		}
		for path, kind := range map[string]string{"/docs": "text/html", "/docs/api": "text/html", "/docs/try": "text/html", "/openapi.json": "application/json", home + "/members": "text/html"} {
			got := olivia.send("GET", path, http.NoBody, map[string]string{"Accept-Encoding": "gzip"})
			if got.status != 200 || got.header.Get("Content-Encoding") != "gzip" || got.header.Get("Vary") != "Accept-Encoding" || !strings.HasPrefix(got.header.Get("Content-Type"), kind) {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
		}
		for path, kind := range map[string]string{
			home + "/members/export.csv": "text/csv", home + "/bulk-jobs/" + done.JobID + "/progress": "text/event-stream", "/docs/screenshots/chat.png": "image/png",
		} {
			got := olivia.send("GET", path, http.NoBody, map[string]string{"Accept-Encoding": "gzip"})
			if got.status != 200 || got.header.Get("Content-Encoding") != "" || !strings.HasPrefix(got.header.Get("Content-Type"), kind) {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
		}
		elsewhere := olivia.send("GET", messages, http.NoBody, map[string]string{"Accept-Encoding": "gzip", "Sec-Fetch-Site": "cross-site"})
		if elsewhere.status != 200 || elsewhere.header.Get("Content-Encoding") != "" {
			t.Errorf("at a link of another site: %d %v", elsewhere.status, elsewhere.header)
		}
	})
}

// withoutNonce returns a page without the nonces of its forms, which are new each time.
func withoutNonce(text string) string { return nonceField.ReplaceAllString(text, "") }

func unpacked(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
