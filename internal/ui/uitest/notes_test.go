package uitest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/roster"
)

var noteForm = regexp.MustCompile(`action="(/c/[^"]+/notes/[0-9a-f]{24})"`)

func TestNotesAreOnTheProfileForStaffOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := signedUp(t, a, "olivia")
		communityID := strings.TrimPrefix(foundedBy(t, olivia, "Rovers"), "/c/")
		member, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "olivia")
		if err != nil {
			t.Fatal(err)
		}
		created, err := a.Members.Create(t.Context(), apptest.Operator, communityID, roster.CreateInput{Email: "grace@example.com", Username: "grace", FirstName: "Grace", LastName: "Hopper"})
		if err != nil {
			t.Fatal(err)
		}
		grace := created.ID
		profile := "/c/" + communityID + "/members/" + grace
		if own := olivia.ask("GET", "/c/"+communityID+"/members/"+member.ID, nil); own.status != http.StatusOK || strings.Contains(own.text, `id="notes"`) {
			t.Errorf("notes on oneself are shown: %d", own.status)
		}
		for i := range 21 {
			if got := olivia.ask("POST", profile+"/notes", url.Values{"text": {"<b>Note " + strconv.Itoa(i) + "</b>"}}); got.status != http.StatusSeeOther {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		shown := olivia.ask("GET", profile, nil)
		if !strings.Contains(shown.text, "&lt;b&gt;Note 20&lt;/b&gt;") || strings.Contains(shown.text, "Note 0&lt;") || !strings.Contains(shown.text, "Older notes") {
			t.Error("the newest notes are not shown")
		}
		older := regexp.MustCompile(`href="(/c/[^"]*notes=[^"#]*)#notes"`).FindStringSubmatch(shown.text)
		if older == nil || !strings.Contains(olivia.ask("GET", older[1], nil).text, "Note 0&lt;") {
			t.Error("older notes are not shown")
		}
		newest := noteForm.FindStringSubmatch(shown.text)
		if newest == nil {
			t.Fatal("no form to edit a note")
		}
		if got := olivia.ask("POST", newest[1], url.Values{"text": {"Changed"}, "version": {"1"}}); got.status != http.StatusSeeOther {
			t.Errorf("an edit: %d", got.status)
		}
		if got := olivia.ask("POST", newest[1], url.Values{"text": {"Lost"}, "version": {"1"}}); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("an edit of an old version: %d", got.status)
		}
		if got := olivia.ask("POST", newest[1]+"/delete", url.Values{}); got.status != http.StatusSeeOther || strings.Contains(olivia.ask("GET", profile, nil).text, "Changed") {
			t.Errorf("a deletion: %d", got.status)
		}
		if got := olivia.ask("POST", profile+"/notes", url.Values{"text": {" "}}); got.status != http.StatusBadRequest || !strings.Contains(got.text, "1 to 2,000 characters") {
			t.Errorf("an empty note: %d", got.status)
		}
	})
}
