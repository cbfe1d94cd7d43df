package errs_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
)

func TestStoredSentenceReturnsInEveryPart(t *testing.T) {
	inner := errs.NewSentence("%s is one of %s.", errs.Word("Email"), "a, b")
	for want, s := range map[string]errs.Sentence{
		``:                       {},
		`["The file is empty."]`: errs.Constant("The file is empty."),
		`["100 % wrong"]`:        errs.Constant("100 % wrong"),
		`["%d of %s, %q, %v",-3,{"w":"Email"},"a \"b\" \u003c\n",true]`:                       errs.NewSentence("%d of %s, %q, %v", int64(-3), errs.Word("Email"), "a \"b\" <\n", true),
		`["The value %s no longer fits. %s","<x>",["%s is one of %s.",{"w":"Email"},"a, b"]]`: errs.NewSentence("The value %s no longer fits. %s", "<x>", inner),
		`["Wait %s (%d, %v, %.1f).",{"d":90000000000},18446744073709551615,3.5,3.0]`:          errs.NewSentence("Wait %s (%d, %v, %.1f).", 90*time.Second, uint64(math.MaxUint64), 3.5, 3.0),
	} {
		if got := s.Stored(); got != want {
			t.Errorf("%q is stored as %s, want %s", s, got, want)
		}
		if got := errs.ParseSentence(want); !cmp.Equal(got, s) {
			t.Errorf("%s: %s", want, cmp.Diff(s, got))
		}
	}
}

type level int

func (l level) String() string { return [...]string{"low", "high"}[l] }

type plainText string

// English is the same for arguments of any type.
func TestStoredSentenceHasTheSameEnglish(t *testing.T) {
	for _, s := range []errs.Sentence{
		errs.NewSentence("%s %d", level(1), level(1)),
		errs.NewSentence("%s", level(1)),
		errs.NewSentence("%q", plainText("x")),
		errs.NewSentence("%c%d%d", 'x', int8(-1), uint16(7)),
		errs.NewSentence("%s: %v", errors.New("broken"), []string{"a", "b"}),
		errs.NewSentence("%v %v %v", nil, math.Inf(1), float32(0.1)),
		errs.NewSentence("50%% of %s", "all"),
		errs.NewSentence("50%%"),
		errs.NewSentence("%s has %[1]s", "x"),
		errs.NewSentence("%s and %s", errs.NewSentence("50%%"), errs.NewSentence("%v", struct{ A int }{1})),
	} {
		if got := errs.ParseSentence(s.Stored()); got.English != s.English {
			t.Errorf("%s: %q, want %q", s.Stored(), got.English, s.English)
		}
	}
}

func TestTextThatIsNoStoredSentenceIsConstant(t *testing.T) {
	for _, text := range []string{"Sentence.", "[", "[]", "[1]", `{"w":"x"}`, `["a"] b`, `[["a"]]`, "null", "[x] is %d wrong", `[""]`, `["%s",""]`} {
		if got := errs.ParseSentence(text); !cmp.Equal(got, errs.Constant(text)) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestSentenceIsEnglishOnTheWire(t *testing.T) {
	type body struct {
		Message errs.Sentence `json:"message"`
	}
	wire, err := json.Marshal(body{errs.NewSentence("No <%s> & %d", errs.Word("x"), 1000)})
	if want := `{"message":"No \u003cx\u003e \u0026 1000"}`; err != nil || string(wire) != want {
		t.Errorf("%s %v, want %s", wire, err, want)
	}
	var got body
	if err := json.Unmarshal(wire, &got); err != nil || got.Message.English != "No <x> & 1000" {
		t.Errorf("%+v %v", got, err)
	}
}

func FuzzParseSentence(f *testing.F) {
	for _, text := range []string{"", "x", `["%s %d",{"w":"a"},{"d":1},["%s",["b"]],1.5,true,null,[],{}]`, `["%[5]d%!%*d",1e999,{"d":"x"},{"w":1}]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := errs.ParseSentence(text) // must not panic
		if again := errs.ParseSentence(s.Stored()); utf8.ValidString(s.English) && again.English != s.English {
			t.Errorf("%q became %q", s.English, again.English)
		}
	})
}
