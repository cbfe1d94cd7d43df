package outcome

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sheet/record"
)

func TestOutcomesSurvivePacking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawRecord), 0, 30).Draw(t, "records")
		packed, err := Pack(list)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && !cmp.Equal(got, list) {
			t.Fatal(cmp.Diff(list, got))
		}
	})
}

func drawRecord(t *rapid.T) Record {
	r := Record{
		Outcome: Outcome(rapid.IntRange(int(Created), int(Failed)).Draw(t, "outcome")),
		Pos:     record.Pos{Line: rapid.IntRange(1, 1<<30).Draw(t, "line"), Offset: rapid.Int64Range(0, 1<<40).Draw(t, "offset")},
		Digest:  rapid.Uint64().Draw(t, "digest"),
	}
	if rapid.Bool().Draw(t, "has user") {
		r.UserID = id.New(time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "time"), 0))
	}
	if rapid.Bool().Draw(t, "has changes") {
		r.Changes = []Change{{Field: rapid.String().Draw(t, "field"), Old: json.RawMessage("null"), New: json.RawMessage(`"x"`)}}
	}
	if rapid.Bool().Draw(t, "has problems") {
		r.Errors = rapid.SliceOfN(rapid.Custom(drawError), 1, 4).Draw(t, "errors")
	}
	return r
}

func drawError(t *rapid.T) source.RowError {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<\"x\">", "Email"}))
	message := rapid.SampledFrom([]errs.Sentence{
		errs.Constant("100 % wrong."),
		errs.NewSentence("A new member needs %s.", errs.Word("Email")),
		errs.NewSentence("There is no role %q.", text.Draw(t, "role")),
		errs.NewSentence("Column %d (%s).", rapid.Int64().Draw(t, "column"), text.Draw(t, "letters")),
		errs.NewSentence("The value %s no longer fits. %s", text.Draw(t, "value"), errs.NewSentence("%s has at most %d characters.", errs.Word("First Name"), int64(50))),
	}).Draw(t, "message")
	return source.RowError{
		Column: rapid.SampledFrom([]string{"", "Email", "%d"}).Draw(t, "column"), Code: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "code"),
		Message: message, Value: text.Draw(t, "value"),
	}
}

func FuzzUnpack(f *testing.F) {
	good, err := Pack([]Record{
		{Outcome: Created, Pos: record.Pos{Line: 2, Offset: 40}},
		{Outcome: Failed, Errors: []source.RowError{*source.NewRowError("Role", "unknown_role", errs.NewSentence("There is no role %q.", "x"), "x")}},
		{Outcome: Failed, Errors: []source.RowError{*source.NewRowError("Role", "unknown_role", errs.NewSentence("There is no role %q.", "y"), "y")}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, extra := range []string{`{"p":[[0,""]]}`, `{"p":[[["a"],""]]}`, `{"p":[[null,null,{}]]}`, `{"p":[[["a","b","%s %[9]d"],"",["x",[]],{"w":1},{"d":1e99}]]}`} {
		f.Add(append([]byte{byte(Failed) | hasExtra, 2, 2, byte(len(extra))}, extra...))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = Unpack(data) // must not panic
		if packed, err := deflate(data); err == nil {
			_, _ = Unpack(packed)
		}
	})
}
