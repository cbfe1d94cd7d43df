package uitest_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// translated are the attributes whose value is a text, or follows from one.
var translated = []string{"aria-label", "title", "placeholder", "alt", "lang", "content", "value", "open", "style", "datetime", "done", "label"}

// shape lists the elements of a page with their attributes, sorted: a sentence
// may place its links in another order.
func shape(t *testing.T, page templ.Component, words i18n.Printer) []string {
	t.Helper()
	var text bytes.Buffer
	if err := page.Render(ui.WithPrinter(t.Context(), words), &text); err != nil {
		t.Fatal(err)
	}
	var list []string
	for z := html.NewTokenizer(&text); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		element := "<" + token.Data
		for _, a := range token.Attr {
			element += " " + a.Key
			if !slices.Contains(translated, a.Key) && token.Data != "meta" && !strings.HasPrefix(a.Key, "data-") {
				element += "=" + a.Val
			}
		}
		list = append(list, element)
	}
	slices.Sort(list)
	return list
}

func allFixtures(t *testing.T) map[string]templ.Component {
	t.Helper()
	pages := fixtures()
	for _, more := range []map[string]templ.Component{accountFixtures(t), keyFixtures(), serverFixtures(), offerFixtures(), roleFixtures(), operatorFixtures(), overviewFixtures(), tagFixtures()} {
		maps.Copy(pages, more)
	}
	return pages
}

func TestPagesHaveTheSameElementsInEveryLanguage(t *testing.T) {
	pages := allFixtures(t)
	for _, language := range i18n.Languages[1:] {
		words := i18n.For(language)
		fixtureWords = words
		here := allFixtures(t)
		fixtureWords = i18n.Printer{}
		for name, page := range pages {
			want, got := shape(t, page, i18n.Printer{}), shape(t, here[name], words)
			if slices.Equal(want, got) {
				continue
			}
			for _, element := range got {
				if !slices.Contains(want, element) {
					t.Errorf("%s in %s has %q, which it lacks in English", name, language, element)
				}
			}
			for _, element := range want {
				if !slices.Contains(got, element) {
					t.Errorf("%s in %s lacks %q", name, language, element)
				}
			}
		}
	}
}
