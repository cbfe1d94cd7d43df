package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestUnclearEncodingIsChosenInTheWizard(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		const file = "First Name,Last Name,Username,Email\n\xdf,Smith,u1,u1@example.org\n"
		body, kind := apptest.Form(t, "unclear.csv", []byte(file), nil)
		staged := olivia.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
		draft := staged.header.Get("Location")
		page := olivia.get(draft).text
		for _, part := range []string{`type="radio" name="encoding" value="windows-1252"`, "ß", `type="radio" name="encoding" value="windows-1251"`, "Я"} {
			if !strings.Contains(page, part) {
				t.Fatalf("%s: no %s on %s", draft, part, page)
			}
		}
		if strings.Contains(page, "column-0") {
			t.Error("columns of an unreadable file")
		}
		olivia.follow(draft+"/reading", url.Values{"encoding": {"windows-1251"}})
		if page := olivia.get(draft).text; !strings.Contains(page, "column-0") || !strings.Contains(page, "Я") {
			t.Errorf("after the choice: %s", page)
		}
		for _, option := range []string{`value="windows-1252">Windows-1252 (Western European): ß</option>`, `selected>Windows-1251 (Cyrillic): Я</option>`} {
			if page := olivia.get(draft).text; !strings.Contains(page, option) {
				t.Errorf("no option %s in the options of the file: %s", option, page)
			}
		}
		check := olivia.follow(draft+"/columns", url.Values{"column-0": {"first_name"}, "column-1": {"last_name"}, "column-2": {"username"}, "column-3": {"email"}, "mode": {"upsert"}})
		a.Await(t, communityID, check[strings.LastIndex(check, "/")+1:])
	})
}
