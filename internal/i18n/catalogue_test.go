package i18n_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/i18n"
)

var update = flag.Bool("update", false, "add missing sentences to the catalogue, without a translation, and drop those that nobody says")

func TestEverySentenceIsTranslatedIntoEveryLanguage(t *testing.T) {
	sentences := said(t)
	for _, tag := range i18n.Languages[1:] {
		translations, err := i18n.Catalogue(tag)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, tag.String(), sentences, translations)
			continue
		}
		for english, place := range sentences {
			switch translated := translations[english]; {
			case translated == "":
				t.Errorf("%s: %s has no translation of %q", place, tag, english)
			case fmt.Sprint(verbs(translated)) != fmt.Sprint(verbs(english)):
				t.Errorf("%s of %q has other verbs: %q", tag, english, translated)
			case !strings.HasPrefix(english, ",") && edges(translated) != edges(english):
				t.Errorf("%s of %q begins or ends with other space: %q", tag, english, translated)
			}
		}
		for english := range translations {
			if sentences[english] == "" {
				t.Errorf("%s translates %q, which nobody says", tag, english)
			}
		}
	}
}

// write puts the catalogue of a language in order.
func write(t *testing.T, language string, sentences, translations map[string]string) {
	t.Helper()
	ordered := map[string]string{}
	for english := range sentences {
		ordered[english] = translations[english]
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(ordered); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("catalogue/"+language+".json", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([-+# 0]*[\d.]*[a-zA-Z%])|\{\w+\}`)

// verbs are the verbs of fmt by the argument they show, and the places that a
// page fills in.
func verbs(sentence string) []string {
	used := map[string]bool{}
	next := 1
	for _, found := range verb.FindAllStringSubmatch(sentence, -1) {
		switch {
		case strings.HasPrefix(found[0], "{"):
			used[found[0]] = true
		case found[2] == "%":
		case found[1] != "":
			used[found[1]+found[2]] = true
		default:
			used[fmt.Sprint(next)+found[2]] = true
			next++
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// edges is the space around a sentence, which joins it to its neighbours. Commas
// of some languages bring their own.
func edges(sentence string) string {
	inner := strings.Trim(sentence, " ")
	before, after, _ := strings.Cut(sentence, inner)
	return before + "|" + after
}
