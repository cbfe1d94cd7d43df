package guide

import (
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

var href = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

func TestGuidesLinkToPagesThatExist(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range l.guides {
		if one.title == "" || len(one.content) < 500 || strings.Contains(one.content, "<!--") {
			t.Errorf("%s is not complete", name)
		}
		anchors := map[string]bool{}
		for _, s := range one.sections {
			anchors[s.anchor] = true
		}
		for _, m := range href.FindAllStringSubmatch(one.content, -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			target, isPage := strings.CutPrefix(path, "/docs/")
			switch {
			case path == "":
				if !anchors[anchor] {
					t.Errorf("%s: no section %s", name, anchor)
				}
			case isPage && !strings.HasPrefix(target, "screenshots/") && target != "api":
				if l.guides[target] == nil {
					t.Errorf("%s links to %s", name, m[1])
				}
			case strings.HasSuffix(path, ".md") && !strings.HasPrefix(path, source):
				t.Errorf("%s links to %s", name, m[1])
			}
		}
	}
}

func TestSearchFindsSectionsWithAllWords(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	found := l.search("idempotency key retry")
	if len(found) == 0 || !strings.HasPrefix(found[0].URL, "/docs/") {
		t.Fatalf("%+v", found)
	}
	for _, r := range found {
		if len(r.Excerpt) > excerptSize+8 {
			t.Errorf("a long excerpt: %q", r.Excerpt)
		}
	}
	if first := l.search("paginate"); len(first) == 0 || first[0].Title != "Paginate" {
		t.Errorf("a title is not first: %+v", first)
	}
	for _, query := range []string{"", "   ", "no-such-word-anywhere", strings.Repeat("zzzz ", 500)} {
		if found := l.search(query); len(found) != 0 {
			t.Errorf("%q finds %d sections", query, len(found))
		}
	}
}

func TestChangelogAndDecisionsArePages(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for query, url := range map[string]string{"a job engine of our own": "/docs/adr/0002-own-job-engine", "unreleased": "/docs/changelog#unreleased"} {
		if found := l.search(query); len(found) == 0 || found[0].URL != url {
			t.Errorf("%q finds %+v", query, found)
		}
	}
	reader := ui.Reader{Words: i18n.Printer{}}
	list := l.navigation(reader, "adr/0002-own-job-engine")
	if last := list[len(list)-1]; last.Title != "Decisions" || len(last.Links) < 17 {
		t.Errorf("%+v", last)
	}
	if got := destination("../../CHANGELOG.md", "docs/adr/0001-x.md", l.names); got != "/docs/changelog" {
		t.Error(got)
	}
	if got := destination("../SECURITY.md#x", "docs/security.md", l.names); got != source+"SECURITY.md#x" {
		t.Error(got)
	}
}

func TestRawHTMLOfAGuideIsLeftOut(t *testing.T) {
	one, err := render([]byte("<!-- x -->\n\n# Title\n\ntext <script>alert(1)</script> [a](javascript:alert(1))\n\n<script>alert(2)</script>\n"), "docs/x.md", nil)
	if err != nil || one.title != "Title" || strings.Contains(one.content, "<script") || strings.Contains(one.content, `href="javascript`) {
		t.Errorf("%+v %v", one, err)
	}
}
