package member

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
				rapid.Map(rapid.IntRange(-1000, 1000), func(n int) any { return json.Number(encodeJSON(n)) }),
				rapid.Map(rapid.Bool(), func(b bool) any { return b }),
				rapid.Map(rapid.SliceOfN(rapid.StringMatching("[a-z]{1,4}"), 1, 3), func(l []string) any { return l }),
			).Draw(t, "value")
			want[name] = value
			values = values.with(name, value)
		}
		text := values.encode()
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
		again, err := decodeValues(text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]any{}
		for _, n := range again {
			got[n.name] = n.value
		}
		if !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
		for name := range want {
			again = again.with(name, nil)
		}
		if again.encode() != "{}" {
			t.Fatalf("cleared, there is left %s", again.encode())
		}
	})
}

func TestPostgresSpellingIsReadAsWell(t *testing.T) {
	v, err := decodeValues(`{"plan": "Says \"pro\"", "score": 1.50, "on": true}`)
	if err != nil || v.get("plan") != `Says "pro"` || v.get("score") != json.Number("1.5") || v.get("on") != true {
		t.Fatalf("%v, %v", v, err)
	}
	if v, ok := decodePlain(`{"plan": "gold", "score": 1.50}`); !ok || v.get("score") != json.Number("1.5") || v.get("plan") != "gold" {
		t.Fatalf("the plain reader left it: %v", v)
	}
}
