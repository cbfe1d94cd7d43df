package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/sqldb"
)

// reported posts nine messages of ada in a channel, of which ben reports the fifth, and
// returns the id of the report.
func reported(t *testing.T, a *apptest.App, communityID string) string {
	t.Helper()
	key := a.Key(t, communityID)
	a.Import(t, communityID, key, "Email,Username,First Name,Last Name\nada@example.com,ada,Ada,L\nben@example.com,ben,Ben,B\nmia@example.com,mia,Mia,M\nmax@example.com,max,Max,M\n", nil)
	channel, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, text := range strings.Fields("one two three four five six seven eight nine") {
		sent, err := a.Posts.Send(t.Context(), apptest.Operator, communityID, channel.ID, post.Input{Text: "message **" + text + "**", Sender: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, sent.ID)
	}
	ben, _ := a.Claim(t, communityID, "ben")
	created, err := a.Reports.Create(t.Context(), actor.Actor{Kind: actor.Session, AccountID: ben.ID, Name: "ben"}, communityID, ids[4], "<b>Rude</b> to everyone")
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

func TestReportsAreResolvedOnTheirPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		if got := olivia.get(home + "/reports"); got.status != http.StatusOK || !strings.Contains(got.text, "No reports") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		reportID := reported(t, a, communityID)
		page := home + "/reports/" + reportID
		if got := olivia.get(home + "/reports"); !strings.Contains(got.text, page) || !strings.Contains(got.text, "1 member") {
			t.Errorf("%s", got.text)
		}
		shown := olivia.get(page)
		for text, want := range map[string]bool{"one": false, "two": true, "five": true, "eight": true, "nine": false} {
			if strings.Contains(shown.text, "<strong>"+text+"</strong>") != want {
				t.Errorf("the message %s: %t", text, !want)
			}
		}
		if !strings.Contains(shown.text, "&lt;b&gt;Rude&lt;/b&gt; to everyone") || strings.Contains(shown.text, "<b>Rude") {
			t.Errorf("%s", shown.text)
		}
		if got := olivia.post(page, url.Values{"action": {"suspend"}, "reason": {"kept"}, "days": {"0"}}); got.status != http.StatusBadRequest || !strings.Contains(got.text, "A suspension has an end") || !strings.Contains(got.text, "kept") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.post(page, url.Values{"action": {"delete"}, "reason": {"Against the rules"}}); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := olivia.get(home + "/reports"); strings.Contains(got.text, page) {
			t.Error("it is still open")
		}
		if got := olivia.get(home + "/reports?status=resolved"); !strings.Contains(got.text, page) {
			t.Error("it is not among the resolved ones")
		}
		after := olivia.get(page)
		if strings.Contains(after.text, "<strong>five</strong>") || !strings.Contains(after.text, "Message deleted") || !strings.Contains(after.text, "Against the rules") || strings.Contains(after.text, `name="action"`) {
			t.Errorf("%s", after.text)
		}
		if got := olivia.post(page, url.Values{"action": {"dismiss"}, "reason": {"x"}}); got.status != http.StatusConflict || !strings.Contains(got.text, "resolved already") {
			t.Errorf("%d", got.status)
		}
		if log := olivia.get(home + "/audit-log"); !strings.Contains(log.text, "The report of a message of") || !strings.Contains(log.text, "Against the rules") || !strings.Contains(log.text, "Message deleted") || strings.Contains(log.text, "five") {
			t.Error("the audit log has no resolution")
		}
	})
}

func TestModeratorsSeeTheirActionsOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		home := "/c/" + communityID
		page := home + "/reports/" + reported(t, a, communityID)
		mia := staff(t, a, communityID, "mia", "moderate_content", "warn_members")
		got := mia.get(page)
		for action, want := range map[report.Action]bool{report.Dismiss: true, report.Delete: true, report.Warn: true, report.Suspend: false, report.Ban: false} {
			if strings.Contains(got.text, `<option value="`+string(action)+`"`) != want {
				t.Errorf("%s: %t", action, !want)
			}
		}
		max := staff(t, a, communityID, "max", "warn_members")
		for _, path := range []string{page, home + "/reports"} {
			if got := max.get(path); got.status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	})
}

func TestReportPagesFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	page := "/c/" + communityID + "/reports/" + reported(t, b.app, communityID)
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	look := func(name string) {
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, name, l)
		}
	}
	b.open("/c/" + communityID + "/reports")
	look("reports")
	b.open(page)
	look("report")
	var shown bool
	b.do("choose a suspension", chromedp.SetValue(`[name="action"]`, "suspend"), chromedp.Evaluate(`document.querySelector(".for-suspension").checkVisibility()`, &shown))
	if !shown {
		t.Error("a suspension has no end")
	}
	b.do("choose a deletion", chromedp.SetValue(`[name="action"]`, "delete"), chromedp.Evaluate(`document.querySelector(".for-suspension").checkVisibility()`, &shown))
	if shown {
		t.Error("a deletion has an end")
	}
	if got := olivia.post(page, url.Values{"action": {"warn"}, "reason": {"Rude"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.text)
	}
	b.open(page)
	look("report-resolved")
}

func TestMessagesOfADayAreDeletedWithABan(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		reported(t, a, communityID)
		ada, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		left := func() (total, counted int64) {
			figures, err := a.Members.Figures(t.Context(), apptest.Operator, communityID, ada)
			if err != nil {
				t.Fatal(err)
			}
			found, err := a.Lists.List(t.Context(), apptest.Operator, communityID, list.Filter{User: ada.ID, Count: 200})
			if err != nil {
				t.Fatal(err)
			}
			return found.Total, figures[ada.ID].Messages
		}
		profile := home + "/members/" + ada.ID
		if got := olivia.get(profile); !strings.Contains(got.text, "9 messages in channels and conversations.") || !strings.Contains(got.text, "Delete the messages of") {
			t.Errorf("%s", got.text)
		}
		mia := staff(t, a, communityID, "mia", "ban_members")
		if got := mia.post(profile+"/messages/delete", nil); got.status != http.StatusForbidden {
			t.Errorf("without the right: %d", got.status)
		}
		if got := mia.get(home + "/penalties"); strings.Contains(got.text, "delete_recent") {
			t.Error("the choice is offered without the right")
		}
		if got := mia.post(home+"/penalties", url.Values{"user": {"ada"}, "kind": {"ban"}, "reason": {"Spam"}, "days": {"7"}, "delete_recent": {"yes"}}); got.status != http.StatusForbidden {
			t.Errorf("a ban with a deletion, without the right: %d", got.status)
		}
		if n, counted := left(); n != 9 || counted != 9 {
			t.Fatalf("%d messages, %d counted", n, counted)
		}
		if got := olivia.post(home+"/penalties", url.Values{"user": {"ada"}, "kind": {"warn"}, "reason": {"Spam"}, "days": {"7"}, "delete_recent": {"yes"}}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if n, counted := left(); n != 9 || counted != 9 {
			t.Fatalf("a warning deletes: %d messages, %d counted", n, counted)
		}
		if got := olivia.post(home+"/penalties", url.Values{"user": {"ada"}, "kind": {"ban"}, "reason": {"Spam"}, "days": {"7"}, "delete_recent": {"yes"}}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if n, counted := left(); n != 0 || counted != 0 {
			t.Errorf("%d messages, %d counted", n, counted)
		}
		events, err := sqldb.One(t.Context(), a.DB, "events", sqldb.Value[int64], "SELECT count(*) FROM events WHERE community_id = $1 AND type = 'message.deleted'", communityID)
		if err != nil || events != 9 {
			t.Errorf("%d events, %v", events, err)
		}
		if log := olivia.get(home + "/audit-log"); !strings.Contains(log.text, "of the last 24 hours were deleted") {
			t.Error("the audit log has no deletion")
		}
	})
}

func TestMessagesOfADayAreDeletedOnTheProfile(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		reported(t, a, communityID)
		ada, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		profile := "/c/" + communityID + "/members/" + ada.ID
		if got := olivia.post(profile+"/messages/delete", nil); got.status != http.StatusSeeOther {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := olivia.get(profile); !strings.Contains(got.text, "0 messages in channels and conversations.") || strings.Contains(got.text, `id="delete-recent"`) {
			t.Errorf("%s", got.text)
		}
	})
}
