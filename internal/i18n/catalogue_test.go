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

var update = flag.Bool("update", false, "add missing texts to the catalogues, without a translation, and delete unused ones")

func TestEveryTextIsTranslated(t *testing.T) {
	texts := usedTexts(t)
	for _, tag := range i18n.Languages[1:] {
		translations, err := i18n.Catalogue(tag)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, tag.String(), texts, translations)
			continue
		}
		for english, place := range texts {
			switch translated := translations[english]; {
			case translated == "":
				t.Errorf("%s: %s has no translation of %q", place, tag, english)
			case fmt.Sprint(verbs(translated)) != fmt.Sprint(verbs(english)):
				t.Errorf("%s of %q has different verbs: %q", tag, english, translated)
			case !strings.HasPrefix(english, ",") && edges(translated) != edges(english):
				t.Errorf("%s of %q has different surrounding space: %q", tag, english, translated)
			}
		}
		for english := range translations {
			if texts[english] == "" {
				t.Errorf("%s translates %q, which is not used", tag, english)
			}
		}
	}
}

// write writes the sorted catalogue of a language.
func write(t *testing.T, language string, texts, translations map[string]string) {
	t.Helper()
	ordered := map[string]string{}
	for english := range texts {
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

// verbs returns the sorted verbs of fmt, each with its argument number, and the
// placeholders in braces.
func verbs(text string) []string {
	used := map[string]bool{}
	next := 1
	for _, found := range verb.FindAllStringSubmatch(text, -1) {
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

// edges returns the leading and trailing space of a text.
func edges(text string) string {
	inner := strings.Trim(text, " ")
	before, after, _ := strings.Cut(text, inner)
	return before + "|" + after
}
