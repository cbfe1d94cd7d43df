package uitest_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message/post"
)

var nonceField = regexp.MustCompile(`name="nonce" value="([0-9a-f]+)"`)

// postMessage sends the form of a message, with pictures.
func (b *browserOf) postMessage(path string, fields map[string]string, pictures ...[]byte) page {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var failures error
	for name, value := range fields {
		failures = errors.Join(failures, form.WriteField(name, value))
	}
	for i, content := range pictures {
		part, err := form.CreateFormFile("images", fmt.Sprintf("picture-%d.png", i))
		if err == nil {
			_, err = part.Write(content)
		}
		failures = errors.Join(failures, err)
	}
	if err := errors.Join(failures, form.Close()); err != nil {
		b.Fatal(err)
	}
	return b.askWith("POST", path, &body, form.FormDataContentType())
}

// smallPicture is a PNG file.
func smallPicture(t *testing.T) []byte {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	return picture.Bytes()
}

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
			if got := olivia.postMessage(page, map[string]string{"message": "**Hello** <b>all</b>", "nonce": nonce}); got.status != http.StatusSeeOther {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		read := olivia.ask("GET", page, nil)
		if strings.Count(read.text, "<strong>Hello</strong> &lt;b&gt;all&lt;/b&gt;") != 1 {
			t.Errorf("%s", read.text)
		}
		first := regexp.MustCompile(`messages\?reply=([0-9a-f]{24})`).FindStringSubmatch(read.text)[1]
		if form := olivia.ask("GET", page+"?reply="+first, nil); !strings.Contains(form.text, "olivia: **Hello**") {
			t.Errorf("%s", form.text)
		}
		if got := olivia.postMessage(page, map[string]string{"message": "Again", "reply": first}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		long := strings.Repeat("x", 10_001)
		if got := olivia.postMessage(page, map[string]string{"message": long}); got.status != http.StatusBadRequest || !strings.Contains(got.text, long) || !strings.Contains(got.text, "A message has at most") {
			t.Errorf("%d: the rejected text is lost", got.status)
		}
		for range 51 {
			olivia.postMessage(page, map[string]string{"message": "more"})
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

// Each act on a message works without JavaScript.
func TestMessagesAreChangedWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		home := foundedBy(t, olivia, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		general, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
		if err != nil {
			t.Fatal(err)
		}
		other, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "other"})
		if err != nil {
			t.Fatal(err)
		}
		page := home + "/channels/" + general.ID + "/messages"
		if got := olivia.postMessage(page, map[string]string{"message": "Hello"}, smallPicture(t), smallPicture(t)); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.text)
		}
		read := olivia.ask("GET", page, nil)
		one := page + "/" + regexp.MustCompile(`data-id="([0-9a-f]{24})"`).FindStringSubmatch(read.text)[1]
		if strings.Count(read.text, `alt="picture-`) != 2 {
			t.Error("the pictures are not shown")
		}
		for _, step := range []struct {
			act  string
			form url.Values
			want string // on the page
		}{
			{"/react", url.Values{"emoji": {":tada:"}}, `aria-pressed="true"`},
			{"/react", url.Values{"emoji": {":tada:"}, "remove": {"yes"}}, `data-id`},
			{"/pin", url.Values{}, "Pinned"},
			{"/edit", url.Values{"message": {"Hello again"}}, "(edited)"},
			{"/unread", url.Values{}, "Hello again"},
			{"/delete", url.Values{}, "No messages yet"},
		} {
			if step.act != "/unread" && step.act != "/delete" && step.act != "/pin" {
				if got := olivia.ask("GET", one+step.act, nil); got.status != http.StatusOK || !strings.Contains(got.text, `action="`+one+step.act) {
					t.Errorf("the page %s: %d", step.act, got.status)
				}
			}
			if got := olivia.ask("POST", strings.Replace(one, general.ID, other.ID, 1)+step.act, step.form); got.status != http.StatusNotFound {
				t.Errorf("%s in another channel: %d", step.act, got.status)
			}
			if got := olivia.ask("POST", one+step.act, step.form); got.status != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", step.act, got.status, got.text)
			}
			if got := olivia.ask("GET", page, nil); !strings.Contains(got.text, step.want) {
				t.Errorf("%s: the page has no %s", step.act, step.want)
			}
			if step.act == "/react" && step.form.Get("remove") != "" && strings.Contains(olivia.ask("GET", page, nil).text, "aria-pressed") {
				t.Error("the reaction stays")
			}
			if step.act == "/edit" {
				if got := olivia.ask("GET", one+"/history", nil); !strings.Contains(got.text, "Edited by olivia") || !strings.Contains(got.text, "Posted by olivia") {
					t.Errorf("the versions: %s", got.text)
				}
				if got := olivia.ask("GET", home+"/channels/"+general.ID+"/pins", nil); !strings.Contains(got.text, "Hello again") {
					t.Error("the pin is not listed")
				}
				if got := olivia.ask("GET", home+"/chat/search?q=again", nil); !strings.Contains(got.text, "<mark>again</mark>") {
					t.Errorf("the search: %s", got.text)
				}
			}
		}
		preferences := home + "/channels/" + general.ID + "/preferences"
		if got := olivia.ask("POST", preferences, url.Values{"muted": {"yes"}, "notify": {"none"}}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.ask("GET", preferences, nil); !strings.Contains(got.text, `value="none" checked`) || !strings.Contains(got.text, `value="yes" checked`) {
			t.Error("the preferences are not kept")
		}
	})
}

// Forums work without JavaScript: topics with their messages, settings and deletion.
func TestTopicsAreWrittenWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		home := foundedBy(t, olivia, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		forum, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "ideas", Type: chat.Forum})
		if err != nil {
			t.Fatal(err)
		}
		topics := home + "/channels/" + forum.ID + "/topics"
		if got := olivia.ask("GET", home+"/channels/"+forum.ID+"/messages", nil); got.status != http.StatusSeeOther || got.header.Get("Location") != topics {
			t.Errorf("the forum: %d %v", got.status, got.header)
		}
		empty := olivia.ask("GET", topics, nil)
		nonce := nonceField.FindStringSubmatch(empty.text)[1]
		fields := map[string]string{"title": "Longer days", "message": "We need **more** light", "tags": "summer, light", "nonce": nonce}
		var page string
		for range 2 {
			got := olivia.postMessage(topics, fields, smallPicture(t))
			if page = got.header.Get("Location"); got.status != http.StatusSeeOther {
				t.Fatalf("%d %s", got.status, got.text)
			}
			fields["nonce"] = "another"
			fields["title"] = "Shorter nights"
		}
		if got := olivia.postMessage(topics, map[string]string{"title": "", "message": "Lost?"}); got.status != http.StatusBadRequest || !strings.Contains(got.text, "Lost?") {
			t.Errorf("without a title: %d", got.status)
		}
		for sort, first := range map[string]string{"latest": "Shorter nights", "new": "Shorter nights", "top": "Shorter nights"} {
			got := olivia.ask("GET", topics+"?sort="+sort, nil).text
			if strings.Count(got, `class="topic"`) != 2 || strings.Index(got, first) > strings.Index(got, "Longer days") {
				t.Errorf("%s: wrong order", sort)
			}
		}
		if got := olivia.postMessage(page, map[string]string{"message": "I agree"}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		read := olivia.ask("GET", page, nil)
		if strings.Count(read.text, ` data-text="`) != 2 || !strings.Contains(read.text, "I agree") || !strings.Contains(read.text, `alt="picture-0.png"`) {
			t.Errorf("%s", read.text)
		}
		if got := olivia.ask("POST", page+"/settings", url.Values{"title": {"No nights"}, "tags": {"light"}, "locked": {"yes"}}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.ask("GET", page, nil); !strings.Contains(got.text, "No nights") || !strings.Contains(got.text, "Locked") {
			t.Errorf("the topic is not changed")
		}
		if got := olivia.ask("POST", page+"/delete", url.Values{}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.ask("GET", page, nil); got.status != http.StatusNotFound {
			t.Errorf("a deleted topic: %d", got.status)
		}
	})
}

// A member sees who wrote, and blocks them.
func TestMemberIsBlockedOnTheirCard(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		home := foundedBy(t, olivia, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
		general, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Posts.Send(t.Context(), apptest.Operator, communityID, general.ID, post.Input{Sender: "mia", Text: "Hello"}); err != nil {
			t.Fatal(err)
		}
		page := home + "/channels/" + general.ID + "/messages"
		card := regexp.MustCompile(`href="([^"]*/chat/members/[0-9a-f]{24})"`).FindStringSubmatch(olivia.ask("GET", page, nil).text)[1]
		list := home + "/chat/list"
		if got := olivia.ask("GET", list, nil); got.status != http.StatusOK || !strings.Contains(got.text, "Manage channels") {
			t.Errorf("the list of an owner: %d", got.status)
		}
		_, miaToken := a.Claim(t, communityID, "mia")
		mia := person{t, a, miaToken}
		for _, path := range []string{list, page, home + "/chat?list=1"} {
			if got := mia.get(path); got.status != http.StatusOK || strings.Contains(got.text, "Manage channels") || strings.Contains(got.text, "Channel settings") {
				t.Errorf("%s of a member: %d", path, got.status)
			}
		}
		if got := olivia.ask("GET", card, nil); !strings.Contains(got.text, "Online") {
			t.Error("mia is not online")
		}
		if got := olivia.ask("GET", card, nil); got.status != http.StatusOK || !strings.Contains(got.text, "@mia") || !strings.Contains(got.text, ">Block<") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.ask("POST", card+"/block", url.Values{}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.ask("GET", page, nil); strings.Contains(got.text, "Hello") || !strings.Contains(got.text, "whom you have blocked") {
			t.Error("a blocked member is read")
		}
		if got := olivia.ask("POST", card+"/block", url.Values{"end": {"yes"}}); got.status != http.StatusSeeOther || !strings.Contains(olivia.ask("GET", page, nil).text, "Hello") {
			t.Errorf("%d: the block does not end", got.status)
		}
		_, grace := signedUp(t, a, "grace")
		if got := grace.ask("GET", card, nil); got.status == http.StatusOK {
			t.Error("a stranger reads the card")
		}
	})
}

// Two members write to each other; nobody else reads it.
func TestConversationsAreWrittenWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		home := foundedBy(t, olivia, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\nzoe@example.com,zoe,Zoe,Z\n", nil)
		_, miaToken := a.Claim(t, communityID, "mia")
		_, zoeToken := a.Claim(t, communityID, "zoe")
		mia, zoe := person{t, a, miaToken}, person{t, a, zoeToken}
		if got := olivia.ask("POST", home+"/chat/direct", url.Values{"users": {"nobody"}}); got.status != http.StatusNotFound || !strings.Contains(got.text, `value="nobody"`) {
			t.Errorf("with nobody: %d", got.status)
		}
		started := olivia.ask("POST", home+"/chat/direct", url.Values{"users": {"@mia"}})
		page := started.header.Get("Location")
		if started.status != http.StatusSeeOther || olivia.ask("POST", home+"/chat/direct", url.Values{"users": {"mia"}}).header.Get("Location") != page {
			t.Fatalf("%d %s", started.status, started.text)
		}
		if got := olivia.postMessage(page, map[string]string{"message": "Only for you, @mia"}, smallPicture(t)); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.text)
		}
		seen := mia.get(home + "/chat?list=1")
		if !strings.Contains(seen.text, `href="`+page+`"`) || !strings.Contains(seen.text, `class="count mentions"`) {
			t.Errorf("the list: %s", seen.text)
		}
		if read := mia.get(page); read.status != http.StatusOK || !strings.Contains(read.text, "Only for you") || !strings.Contains(read.text, "olivia") {
			t.Errorf("%d %s", read.status, read.text)
		}
		if got := zoe.get(page); got.status != http.StatusNotFound {
			t.Errorf("zoe reads it: %d", got.status)
		}
		if got := zoe.get(home + "/chat/search?q=only"); strings.Contains(got.text, "<mark>") {
			t.Error("zoe finds it")
		}
		if got := mia.get(strings.TrimSuffix(page, "messages") + "preferences"); got.status != http.StatusOK {
			t.Errorf("the preferences: %d", got.status)
		}
	})
}
