package bulk

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sheet"
)

func TestOutcomesSurvivePacking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawRecord), 0, 30).Draw(t, "records")
		packed, err := pack(list)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && !cmp.Equal(got, list) {
			t.Fatal(cmp.Diff(list, got))
		}
	})
}

func drawRecord(t *rapid.T) record {
	r := record{
		Outcome: Outcome(rapid.IntRange(int(Created), int(RowFailed)).Draw(t, "outcome")),
		Pos:     sheet.Pos{Line: rapid.IntRange(1, 1<<30).Draw(t, "line"), Offset: rapid.Int64Range(0, 1<<40).Draw(t, "offset")},
		Digest:  rapid.Uint64().Draw(t, "digest"),
	}
	if rapid.Bool().Draw(t, "has user") {
		r.UserID = id.New(time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "time"), 0))
	}
	if rapid.Bool().Draw(t, "has changes") {
		r.Changes = []storedChange{{Field: rapid.String().Draw(t, "field"), Old: json.RawMessage("null"), New: json.RawMessage(`"x"`)}}
	}
	if rapid.Bool().Draw(t, "has problems") {
		r.Problems = []Problem{{Column: "Email", Code: "c", Message: "m", Value: "v"}}
	}
	return r
}

func FuzzUnpack(f *testing.F) {
	good, err := pack([]record{{Outcome: Created, Pos: sheet.Pos{Line: 2, Offset: 40}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = unpack(data) // must not panic
		if packed, err := deflate(data); err == nil {
			_, _ = unpack(packed)
		}
	})
}

func TestNearNamesAreSuggested(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"email", "email", 0}, {"emial", "email", 1}, {"emal", "email", 1}, {"username", "user", 3}, {"", "abc", 3}}
	for _, test := range tests {
		if got := distance(test.a, test.b, 2); got != test.want {
			t.Errorf("from %q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
