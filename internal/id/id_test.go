package id_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/id"
)

func TestIDsSortByCreation(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	last := ""
	for range 2_000 {
		next := id.New(at)
		if !id.Valid(next) || next <= last {
			t.Fatalf("%s after %s", next, last)
		}
		last = next
		at = at.Add(time.Millisecond / 3)
	}
}

func TestValidRejectsOtherStrings(t *testing.T) {
	for _, text := range []string{"", "6b02d5b7019a9be96600e3d", "6b02d5b7019a9be96600e3d11", "6B02D5B7019A9BE96600E3D1", "6b02d5b7019a9be96600e3dg"} {
		if id.Valid(text) {
			t.Errorf("%q is valid", text)
		}
	}
}

func TestAnIDHasTheMillisecondItWasMadeIn(t *testing.T) {
	for _, at := range []int64{1_800_000_000_000, 1_800_000_000_999, 1_800_000_001_001} {
		if got := id.Time(id.New(time.UnixMilli(at))); got != at {
			t.Errorf("%d, want %d", got, at)
		}
	}
}
