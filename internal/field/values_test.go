package field

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestValuesSurviveTheirJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{}
		var values Values
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			name := rapid.StringMatching(`[a-z "\\é]{1,8}`).Draw(t, "name")
			value := rapid.OneOf(
				rapid.Map(rapid.String(), func(s string) any { return s }),
				rapid.Map(rapid.IntRange(-1000, 1000), func(n int) any { return json.Number(EncodeJSON(n)) }),
				rapid.Map(rapid.Bool(), func(b bool) any { return b }),
				rapid.Map(rapid.SliceOfN(rapid.StringMatching("[a-z]{1,4}"), 1, 3), func(l []string) any { return l }),
			).Draw(t, "value")
			want[name] = value
			values = values.With(name, value)
		}
		text := values.Encode()
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
		again, err := DecodeValues(text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]any{}
		for _, n := range again {
			got[n.Name] = n.Value
		}
		if !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
		for name := range want {
			again = again.With(name, nil)
		}
		if again.Encode() != "{}" {
			t.Fatalf("cleared, there is left %s", again.Encode())
		}
	})
}

func TestPostgresSpellingIsReadAsWell(t *testing.T) {
	v, err := DecodeValues(`{"plan": "Says \"pro\"", "score": 1.50, "on": true}`)
	if err != nil || v.Get("plan") != `Says "pro"` || v.Get("score") != json.Number("1.5") || v.Get("on") != true {
		t.Fatalf("%v, %v", v, err)
	}
	if v, ok := decodePlain(`{"plan": "gold", "score": 1.50}`); !ok || v.Get("score") != json.Number("1.5") || v.Get("plan") != "gold" {
		t.Fatalf("the plain reader left it: %v", v)
	}
}
