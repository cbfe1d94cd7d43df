package i18n_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
		for english, use := range texts {
			switch translated := translations[english]; {
			case translated == "":
				t.Errorf("%s: %s has no translation of %q", use.place, tag, english)
			case fmt.Sprint(verbs(translated)) != fmt.Sprint(verbs(english)):
				t.Errorf("%s of %q has different verbs: %q", tag, english, translated)
			case !strings.HasPrefix(english, ",") && edges(translated) != edges(i18n.English(english)):
				t.Errorf("%s of %q has different surrounding space: %q", tag, english, translated)
			}
		}
		for english, file := range filesOf(t, tag.String()) {
			switch use := texts[english]; use.file {
			case file:
			case "":
				t.Errorf("%s translates %q in %s, which is not used", tag, english, file)
			default:
				t.Errorf("%s translates %q in %s instead of %s", tag, english, file, use.file)
			}
		}
	}
}

// filesOf returns the file of each text of a language.
func filesOf(t *testing.T, language string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("catalogue/" + language + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var translations map[string]string
		if err := json.Unmarshal(text, &translations); err != nil {
			t.Fatal(err)
		}
		for english := range translations {
			file := strings.TrimSuffix(filepath.Base(path), ".json")
			if other, twice := found[english]; twice {
				t.Errorf("%s translates %q in %s and %s", language, english, other, file)
			}
			found[english] = file
		}
	}
	return found
}

// write writes the sorted catalogue of a language.
func write(t *testing.T, language string, texts map[string]use, translations map[string]string) {
	t.Helper()
	if err := os.RemoveAll("catalogue/" + language); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("catalogue/"+language, 0o755); err != nil {
		t.Fatal(err)
	}
	ordered := map[string]map[string]string{}
	for english, use := range texts {
		if ordered[use.file] == nil {
			ordered[use.file] = map[string]string{}
		}
		ordered[use.file][english] = translations[english]
	}
	for file, translations := range ordered {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "\t")
		if err := encoder.Encode(translations); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("catalogue/"+language+"/"+file+".json", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
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
