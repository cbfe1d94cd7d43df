package ui

import (
	"testing"
	"time"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/i18n"
)

func TestNumbersUseTheGroupingOfTheReader(t *testing.T) {
	for header, want := range map[string]string{
		"": "1,234,567", "en-US,en;q=0.9": "1,234,567", "de-DE,de;q=0.9": "1.234.567", "fr": "1\u00a0234\u00a0567", "xx": "1,234,567", "garbage;;": "1,234,567",
		"en-IN": "12,34,567",
	} {
		if got := (Reader{Language: numbers(header, i18n.Printer{}, false)}).Number(1234567); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestTimesAreRelativeToNow(t *testing.T) {
	now := time.Date(2026, 4, 7, 9, 30, 0, 0, time.UTC)
	r := Reader{Now: now}
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
		if got := r.Ago(now.Add(-row.ago).UnixMilli()); got != row.want {
			t.Errorf("%v ago: %q, want %q", row.ago, got, row.want)
		}
	}
}

func TestSizesHaveUnits(t *testing.T) {
	for size, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 KB", 1_482_113: "1.5 MB", 117_349_118: "117 MB", 2 << 30: "2.1 GB"} {
		if got := (Reader{}).Size(size); got != want {
			t.Errorf("%d: %q, want %q", size, got, want)
		}
	}
}

func TestInitialsOfNames(t *testing.T) {
	for name, want := range map[string]string{"Ada Lovelace": "AL", "ada": "A", "Nguyễn Thị Minh Khai": "NK", "ada.lovelace": "AL", "": "?", "  ": "?", "Łukasz Żółć": "ŁŻ"} {
		if got := Initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestCountriesHaveNamesInTheOrderOfTheLanguage(t *testing.T) {
	countries := Reader{Words: i18n.For(language.German)}.Countries()
	at := map[string]int{}
	for i, c := range countries {
		if c.Label == c.Value || c.Label == "" {
			t.Errorf("%s has no name", c.Value)
		}
		at[c.Value] = i
	}
	if len(countries) < 240 || at["EG"] > at["AL"] { // Ägypten, Albanien
		t.Errorf("%d countries, Egypt is %d, Albania %d", len(countries), at["EG"], at["AL"])
	}
}
