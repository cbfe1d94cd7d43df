package uitest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
)

var nonceField = regexp.MustCompile(`name="nonce" value="([0-9a-f]+)"`)

// Members read and write without JavaScript; a form that is sent twice posts once.
func TestMessagesAreWrittenAndRead(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		home := foundedBy(t, olivia, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		general, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
		if err != nil {
			t.Fatal(err)
		}
		page := home + "/channels/" + general.ID + "/messages"
		if at := olivia.ask("GET", home+"/home", nil); !strings.Contains(at.text, page) {
			t.Error("the home has no link to the channel")
		}
		empty := olivia.ask("GET", page, nil)
		if empty.status != http.StatusOK || !strings.Contains(empty.text, "No messages yet") {
			t.Fatalf("%d %s", empty.status, empty.text)
		}
		nonce := nonceField.FindStringSubmatch(empty.text)[1]
		for range 2 {
			if got := olivia.ask("POST", page, url.Values{"message": {"**Hello** <b>all</b>"}, "nonce": {nonce}}); got.status != http.StatusSeeOther {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		read := olivia.ask("GET", page, nil)
		if strings.Count(read.text, "<strong>Hello</strong> &lt;b&gt;all&lt;/b&gt;") != 1 {
			t.Errorf("%s", read.text)
		}
		first := regexp.MustCompile(`messages\?reply=([0-9a-f]{24})`).FindStringSubmatch(read.text)[1]
		if form := olivia.ask("GET", page+"?reply="+first, nil); !strings.Contains(form.text, "Reply to olivia: **Hello**") {
			t.Errorf("%s", form.text)
		}
		if got := olivia.ask("POST", page, url.Values{"message": {"Again"}, "reply": {first}}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		long := strings.Repeat("x", 10_001)
		if got := olivia.ask("POST", page, url.Values{"message": {long}}); got.status != http.StatusBadRequest || !strings.Contains(got.text, long) || !strings.Contains(got.text, "A message has at most") {
			t.Errorf("%d: the rejected text is lost", got.status)
		}
		for range 51 {
			olivia.ask("POST", page, url.Values{"message": {"more"}})
		}
		newest := olivia.ask("GET", page, nil)
		older := regexp.MustCompile(`href="([^"]*\?before=[0-9a-f]{24})"`).FindStringSubmatch(newest.text)
		if older == nil || !strings.Contains(olivia.ask("GET", older[1], nil).text, "<strong>Hello</strong>") {
			t.Error("older messages are not shown")
		}
		_, grace := signedUp(t, a, "grace")
		if got := grace.ask("GET", page, nil); got.status == http.StatusOK {
			t.Errorf("a stranger reads: %d", got.status)
		}
	})
}
