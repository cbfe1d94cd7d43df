package console

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/i18n"
)

func TestAnyAccentCanBeReadInBothThemes(t *testing.T) {
	for _, hex := range []string{"#000000", "#ffffff", "#ffd400", "#4f46e5", "#0f8a6d", "#ff0000", "#808080", "#00ff00", "#0000ff"} {
		c, ok := parseColour(hex)
		if !ok {
			t.Fatalf("%s is no colour", hex)
		}
		light, dark := c.readableOn(lightGround, black), c.readableOn(darkGround, white)
		for what, got := range map[string]float64{
			"light": contrast(light, lightGround), "dark": contrast(dark, darkGround),
			"on light": contrast(readableText(light), light), "on dark": contrast(readableText(dark), dark),
		} {
			if got < readable {
				t.Errorf("%s %s: contrast %.2f", hex, what, got)
			}
		}
	}
	if _, ok := parseColour("#12345g"); ok {
		t.Error("#12345g is taken for a colour")
	}
	if accentPath(`red;}body{display:none`) != "" {
		t.Error("text that is no colour gets into an address")
	}
}

func TestNumbersAreGroupedAsTheReaderDoes(t *testing.T) {
	for header, want := range map[string]string{
		"": "1,234,567", "en-US,en;q=0.9": "1,234,567", "de-DE,de;q=0.9": "1.234.567", "fr": "1\u00a0234\u00a0567", "xx": "1,234,567", "garbage;;": "1,234,567",
		"en-IN": "12,34,567",
	} {
		if got := (Reader{Language: numbers(header, i18n.Printer{}, false)}).Number(1234567); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestTimesAreToldFromNow(t *testing.T) {
	r := Reader{Now: seenAt}
	for _, row := range []struct {
		ago  time.Duration
		want string
	}{
		{0, "just now"},
		{-30 * time.Second, "just now"}, // a clock that is a little ahead
		{50 * time.Second, "1 min ago"},
		{59 * time.Minute, "59 min ago"},
		{3 * time.Hour, "3 h ago"},
		{30 * time.Hour, "yesterday"},
		{9 * 24 * time.Hour, "9 days ago"},
		{40 * 24 * time.Hour, "26 Feb 2026"},
		{-90 * time.Minute, "in 90 minutes"},
	} {
		if got := r.Ago(ago(row.ago)); got != row.want {
			t.Errorf("%v ago: %q, want %q", row.ago, got, row.want)
		}
	}
}

func TestSizesReadWell(t *testing.T) {
	for size, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 KB", 1_482_113: "1.5 MB", 117_349_118: "117 MB", 2 << 30: "2.1 GB"} {
		if got := (Reader{}).Size(size); got != want {
			t.Errorf("%d: %q, want %q", size, got, want)
		}
	}
}

func TestAnAddressSaysWhatTheListShows(t *testing.T) {
	for _, address := range []string{"/m", "/m?q=ada", "/m?q=ada&role=r1&sort=-email&tag=t1", "/m?col=email&col=phone&page=3", "/m?page=2&q=a%26b"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := memberQuery("/m", u.Query()).Address(); got != address {
			t.Errorf("%s becomes %s", address, got)
		}
	}
	if got := memberQuery("/m", url.Values{"page": {"x"}, "q": {"  "}, "col": usualColumns}).Address(); got != "/m" {
		t.Errorf("what says nothing is kept: %s", got)
	}
}

func TestAJobIsToldInOneSentence(t *testing.T) {
	for _, row := range []struct {
		name string
		job  JobView
		want string
	}{
		{"nothing to do", JobView{Status: "completed", Counts: Counts{Read: 2, Unchanged: 2}}, "Nothing was changed."},
		{"one of each", JobView{Status: "completed_with_errors", Counts: Counts{Read: 3, Created: 1, Updated: 1, Failed: 1}}, "1 member was created and 1 updated. 1 row was not imported."},
		{"a check", JobView{Status: "completed", DryRun: true, Counts: Counts{Read: 1200, Updated: 1200}}, "1,200 members would be updated."},
		{"an empty file", JobView{Status: "completed"}, "The file has no rows."},
		{"a cancelled import", JobView{Status: "cancelled", Counts: Counts{Read: 10, Created: 9, Skipped: 1}}, "Cancelled. 9 rows were written before that, and stay."},
		{"a cancelled check", JobView{Status: "cancelled", DryRun: true, Counts: Counts{Read: 10, Created: 10}}, "Cancelled. Nothing was changed."},
		{"an undo", JobView{Type: "undo", Status: "completed", Counts: Counts{Read: 3, Updated: 2, Skipped: 1}}, "2 rows were undone. 1 row stayed as it is."},
	} {
		if got := row.job.Headline(Reader{}); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestTheMeterIsFilledAsFarAsTheJobIs(t *testing.T) {
	percent := 50.0
	got := JobView{Status: "running", Percent: &percent, Counts: Counts{Read: 100, Created: 80, Failed: 20}}.Segments()
	want := []Segment{{"m-created", 0, 40}, {"m-updated", 40, 0}, {"m-unchanged", 40, 0}, {"m-skipped", 40, 0}, {"m-failed", 40, 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyPathsOfThisServerAreGoneTo(t *testing.T) {
	for next, want := range map[string]string{
		"/c/x/members?q=a": "/c/x/members?q=a", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "/sign-in?next=/": "/", "/a\r\nSet-Cookie: x": "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestInitialsStandForAName(t *testing.T) {
	for name, want := range map[string]string{"Ada Lovelace": "AL", "ada": "A", "Nguyễn Thị Minh Khai": "NK", "ada.lovelace": "AL", "": "?", "  ": "?", "Łukasz Żółć": "ŁŻ"} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
