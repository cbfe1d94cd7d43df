package uitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
)

// langOf is the language a page says it is in.
func langOf(text string) string {
	_, after, _ := strings.Cut(text, `<html lang="`)
	language, _, _ := strings.Cut(after, `"`)
	return language
}

func TestPagesUseTheLanguageOfTheReader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		choose := func(language string) {
			if _, err := a.DB.Exec(t.Context(), "UPDATE accounts SET language = $1 WHERE username = 'olivia'", language); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Communities.Update(t.Context(), communityID, community.Change{Languages: &[]string{"ja", "en"}}, actor.Actor{}); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct{ name, chosen, accepted, want, says string }{
			{"what the person has chosen", "es", "de,en;q=0.8", "es", "Miembros"},
			{"else what the browser asks for", "", "de-AT,en;q=0.8", "de", "Mitglieder"},
			{"else the community's", "", "", "ja", "メンバー"},
			{"else the community's, when the browser asks for what nobody speaks", "", "fr", "ja", "メンバー"},
			{"English when that is asked for", "", "en-GB", "en", "Members"},
		} {
			choose(row.chosen)
			got := olivia.send(http.MethodGet, "/c/"+communityID+"/members", http.NoBody, map[string]string{"Accept-Language": row.accepted})
			if langOf(got.text) != row.want || !strings.Contains(got.text, row.says) {
				t.Errorf("%s: %s", row.name, langOf(got.text))
			}
		}
		got := person{t, a, ""}.send(http.MethodGet, "/nowhere", http.NoBody, map[string]string{"Accept-Language": "de"})
		if langOf(got.text) != "de" || !strings.Contains(got.text, "Seite nicht gefunden") {
			t.Errorf("what went wrong is told in %s: %s", langOf(got.text), got.text)
		}
	})
}
