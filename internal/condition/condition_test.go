package condition_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

var fields = append(field.DefaultFields(),
	field.Field{ID: "f1", Field: "score", Name: "Score", Type: field.Numerical},
	field.Field{ID: "f2", Field: "vip", Name: "VIP", Type: field.Boolean},
	field.Field{ID: "f3", Field: "plan", Name: "Plan", Type: field.Select, Options: []string{"Gold", "Silver"}},
	field.Field{ID: "f4", Field: "likes", Name: "Likes", Type: field.MultiSelect, Options: []string{"Tea", "Cake"}},
	field.Field{ID: "f5", Field: "born", Name: "Born", Type: field.Date},
	field.Field{ID: "f6", Field: "city", Name: "City", Type: field.SingleLine},
)

func decode(t *testing.T, raw string) condition.Node {
	t.Helper()
	n, err := condition.Decode(json.RawMessage(raw), "conditions", fields)
	if err != nil {
		t.Fatalf("%s: %v %+v", raw, err, errs.From(err).Fields)
	}
	return n
}

// all wraps one condition in a group.
func all(one string) string { return `{"operator":"and","conditions":[` + one + `]}` }

func TestConditionsAreNormalised(t *testing.T) {
	for given, want := range map[string]string{
		`{"action":"messages","value":10}`:                                                  `{"action":"messages","op":"gte","value":10}`,
		`{"_id":"c 1","action":"replies","op":"gt","value":0}`:                              `{"_id":"c 1","action":"replies","op":"gt","value":0}`,
		`{"action":"visits","value":1,"isCustomField":false}`:                               `{"action":"visits","op":"gte","value":1}`,
		`{"action":"visits","value":1,"isCustomField":null}`:                                `{"action":"visits","op":"gte","value":1}`,
		`{"fieldId":"score","value":"1.50"}`:                                                `{"fieldId":"f1","op":"eq","value":1.5}`,
		`{"fieldId":"f2","op":"ne","value":"yes"}`:                                          `{"fieldId":"f2","op":"ne","value":true}`,
		`{"action":"plan","isCustomField":true,"value":"gold"}`:                             `{"action":"f3","isCustomField":true,"op":"eq","value":"Gold"}`,
		`{"fieldId":"likes","op":"in","value":["tea","Cake"]}`:                              `{"fieldId":"f4","op":"in","value":["Tea","Cake"]}`,
		`{"fieldId":"born","op":"lt","value":"31/12/2000"}`:                                 `{"fieldId":"f5","op":"lt","value":"2000-12-31"}`,
		`{"fieldId":"country","op":"in","value":["Germany","at"]}`:                          `{"fieldId":"country","op":"in","value":["DE","AT"]}`,
		`{"fieldId":"city","op":"set","value":null}`:                                        `{"fieldId":"f6","op":"set"}`,
		`{"_id":"g","operator":"or","conditions":[{"action":"reactions","value":1}],"x":1}`: `{"_id":"g","operator":"or","conditions":[{"action":"reactions","op":"gte","value":1}]}`,
	} {
		n := decode(t, all(given))
		got, err := json.Marshal(&n)
		if err != nil || string(got) != all(want) {
			t.Errorf("%s: %s, want %s (%v)", given, got, all(want), err)
		}
	}
}

func TestWrongPartsAreListedWithTheirPaths(t *testing.T) {
	many := `{"action":"messages","value":1}`
	for range 20 {
		many += `,{"action":"messages","value":1}`
	}
	for raw, want := range map[string][]string{
		`null`: {"conditions wrong_type"}, `[]`: {"conditions wrong_type"}, `"a"`: {"conditions wrong_type"}, `{`: {"conditions wrong_type"}, ``: {"conditions wrong_type"},
		`{}`:                              {"conditions.operator required"},
		`{"action":"messages","value":1}`: {"conditions.operator required"},
		`{"operator":"and"}`:              {"conditions.conditions length"},
		all(``):                           {"conditions.conditions length"},
		all(many):                         {"conditions.conditions length"},
		`{"operator":"xor","conditions":[{"action":"messages","value":1}]}`: {"conditions.operator not_allowed"},
		`{"conditions":[{"action":"messages","value":1}]}`:                  {"conditions.operator not_allowed"},
		all(`{"operator":"and","action":"messages","conditions":[]}`):       {"conditions.conditions[0] not_allowed"},
		all(all(all(`{"action":"messages","value":1}`))):                    {"conditions.conditions[0].conditions[0] too_deep"},
		all(`{"action":"messages","fieldId":"vip","value":1}`):              {"conditions.conditions[0] not_allowed"},
		all(`{"value":1}`):                               {"conditions.conditions[0].action not_allowed"},
		all(`{"action":"purchases","value":1}`):          {"conditions.conditions[0].action not_allowed"},
		all(`{"action":"messages","op":"lt","value":1}`): {"conditions.conditions[0].op not_allowed"},
		all(`{"action":"messages","op":"set"}`):          {"conditions.conditions[0].op not_allowed"},
		all(`{"action":"messages"},{"action":"messages","value":"1"},{"action":"messages","value":1.5},{"action":"messages","value":0},{"action":"messages","value":null},{"action":"messages","value":1e18}`): {
			"conditions.conditions[0].value wrong_type", "conditions.conditions[1].value wrong_type", "conditions.conditions[2].value wrong_type",
			"conditions.conditions[3].value wrong_type", "conditions.conditions[4].value wrong_type", "conditions.conditions[5].value wrong_type",
		},
		all(`{"fieldId":"nothing","value":1}`):                          {"conditions.conditions[0].fieldId unknown_field"},
		all(`{"fieldId":"tag","value":"a"}`):                            {"conditions.conditions[0].fieldId unknown_field"},
		all(`{"action":"nothing","isCustomField":true,"value":1}`):      {"conditions.conditions[0].action unknown_field"},
		all(`{"fieldId":"vip","op":"like","value":true}`):               {"conditions.conditions[0].op not_allowed"},
		all(`{"fieldId":"vip","op":"gt","value":true}`):                 {"conditions.conditions[0].op no_range"},
		all(`{"fieldId":"vip"},{"fieldId":"vip","op":"set","value":1}`): {"conditions.conditions[0].value required", "conditions.conditions[1].value not_allowed"},
		all(`{"fieldId":"plan","op":"in","value":"Gold"}`):              {"conditions.conditions[0].value length"},
		all(`{"fieldId":"plan","op":"in","value":["Gold","Lead"]}`):     {"conditions.conditions[0].value[1] unknown_option"},
		all(`{"_id":7,"action":"messages","value":1}`):                  {"conditions.conditions[0] wrong_type"},
		all(`{"operator":"or","conditions":[{"action":"x"},{"fieldId":"score","value":"many"}]}`): {
			"conditions.conditions[0].conditions[0].action not_allowed", "conditions.conditions[0].conditions[1].value invalid_number",
		},
	} {
		_, err := condition.Decode(json.RawMessage(raw), "conditions", fields)
		if !errs.Is(err, "invalid_condition") || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		var got []string
		for _, one := range errs.From(err).Fields {
			got = append(got, one.Field+" "+one.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%.80s: %q, want %q", raw, got, want)
		}
	}
}

func TestConditionsAreEvaluated(t *testing.T) {
	ada := condition.Values{
		Counts: map[string]int64{"messages": 10, "replies": 2},
		Fields: map[string]any{"f1": json.Number("7.5"), "f2": true, "f3": "Gold", "f4": []string{"Tea"}, "f5": "1999-05-01", "f6": "Berlin", "country": "DE"},
	}
	for raw, want := range map[string]bool{
		`{"action":"messages","value":10}`: true, `{"action":"messages","value":11}`: false, `{"action":"messages","op":"gt","value":10}`: false, `{"action":"messages","op":"gt","value":9}`: true,
		`{"action":"messages","op":"eq","value":10}`: true, `{"action":"messages","op":"eq","value":9}`: false, `{"action":"visits","value":1}`: false,
		`{"fieldId":"score","value":7.50}`: true, `{"fieldId":"score","op":"gt","value":7.49}`: true, `{"fieldId":"score","op":"lt","value":10}`: true, `{"fieldId":"score","op":"gte","value":7.51}`: false,
		`{"fieldId":"score","op":"lte","value":-8}`: false, `{"fieldId":"score","op":"in","value":[1,7.5]}`: true, `{"fieldId":"score","op":"ne","value":7}`: true,
		`{"fieldId":"vip","value":true}`: true, `{"fieldId":"vip","op":"ne","value":true}`: false, `{"fieldId":"plan","value":"gold"}`: true, `{"fieldId":"plan","op":"set"}`: true,
		`{"fieldId":"likes","value":"Tea"}`: true, `{"fieldId":"likes","value":"Cake"}`: false, `{"fieldId":"likes","op":"ne","value":"Cake"}`: true, `{"fieldId":"likes","op":"in","value":["Cake","Tea"]}`: true,
		`{"fieldId":"born","op":"lt","value":"2000-01-01"}`: true, `{"fieldId":"city","value":"BERLIN"}`: true, `{"fieldId":"city","op":"gt","value":"a"}`: true,
		`{"fieldId":"country","value":"Germany"}`: true, `{"fieldId":"language","op":"set"}`: false, `{"fieldId":"language","op":"ne","value":"de"}`: false,
		all(`{"action":"messages","value":1},{"action":"visits","value":1}`):                              false,
		`{"operator":"or","conditions":[{"action":"messages","value":1},{"action":"visits","value":1}]}`:  true,
		`{"operator":"or","conditions":[{"action":"messages","value":99},{"action":"visits","value":1}]}`: false,
	} {
		n := decode(t, all(raw))
		if got := n.Met(ada); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
	if none := new(condition.Node); none.Met(ada) {
		t.Error("the zero condition is met")
	}
}

func TestProgressNamesEachCondition(t *testing.T) {
	n := decode(t, `{"operator":"or","conditions":[{"action":"messages","value":3},{"operator":"and","conditions":[{"action":"visits","op":"gt","value":1},{"fieldId":"vip","value":true},{"fieldId":"city","op":"set"}]}]}`)
	got := n.Progress(condition.Values{Counts: map[string]int64{"messages": 2, "visits": 2}, Fields: map[string]any{"f6": "Rome"}})
	want := []condition.Progress{
		{Action: "messages", Value: int64(2), Needed: int64(3)},
		{Action: "visits", Value: int64(2), Needed: int64(2), Met: true},
		{FieldID: "f2", Needed: true},
		{FieldID: "f6", Value: "Rome", Met: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a, f := n.Actions(), n.FieldIDs(); !slices.Equal(a, []string{"messages", "visits"}) || !slices.Equal(f, []string{"f2", "f6"}) {
		t.Error(a, f)
	}
}

// drawn is a random group on the wire.
func drawn(t *rapid.T, depth int) string {
	raw := fmt.Sprintf(`{"_id":%q,"operator":%q,"conditions":[`, rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "id"), rapid.SampledFrom([]string{"and", "or"}).Draw(t, "operator"))
	for i := range rapid.IntRange(1, 4).Draw(t, "conditions") {
		if i > 0 {
			raw += ","
		}
		switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
		case kind == 0 && depth == 1:
			raw += drawn(t, 2)
		case kind == 1:
			raw += fmt.Sprintf(`{"fieldId":"score","op":%q,"value":%d}`, rapid.SampledFrom([]string{"gt", "gte"}).Draw(t, "op"), rapid.IntRange(-5, 5).Draw(t, "score"))
		default:
			raw += fmt.Sprintf(`{"action":%q,"op":%q,"value":%d}`, rapid.SampledFrom(condition.Actions).Draw(t, "action"), rapid.SampledFrom([]string{"gt", "gte"}).Draw(t, "op"), rapid.IntRange(1, 9).Draw(t, "value"))
		}
	}
	return raw + "]}"
}

func TestStoredConditionsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, err := condition.Decode(json.RawMessage(drawn(t, 1)), "conditions", fields)
		if err != nil {
			t.Fatal(err)
		}
		same(t, n)
	})
}

type failer interface{ Fatalf(string, ...any) }

// same checks that stored conditions are read as they were, and are valid in a request.
func same(t failer, n condition.Node) {
	raw, err := json.Marshal(&n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	loaded, err := condition.Load(raw)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(n, loaded); diff != "" {
		t.Fatalf("loaded: %s", diff)
	}
	again, err := condition.Decode(raw, "conditions", fields)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if diff := cmp.Diff(n, again); diff != "" {
		t.Fatalf("decoded again: %s", diff)
	}
}

// More of everything never loses what minimums have reached, and a group is met as its
// conditions say.
func TestMinimumsStayMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, err := condition.Decode(json.RawMessage(drawn(t, 1)), "conditions", fields)
		if err != nil {
			t.Fatal(err)
		}
		few, more := condition.Values{Counts: map[string]int64{}, Fields: map[string]any{}}, condition.Values{Counts: map[string]int64{}, Fields: map[string]any{}}
		for _, action := range condition.Actions {
			few.Counts[action] = rapid.Int64Range(0, 9).Draw(t, action)
			more.Counts[action] = few.Counts[action] + rapid.Int64Range(0, 3).Draw(t, "more")
		}
		score := rapid.IntRange(-6, 6).Draw(t, "score")
		few.Fields["f1"], more.Fields["f1"] = json.Number(fmt.Sprint(score)), json.Number(fmt.Sprint(score+rapid.IntRange(0, 3).Draw(t, "more score")))
		if n.Met(few) && !n.Met(more) {
			t.Fatalf("met with %v, not with %v", few, more)
		}
		met := 0
		for _, one := range n.Progress(few) {
			if one.Met {
				met++
			}
		}
		if met == 0 && n.Met(few) || met == len(n.Progress(few)) && !n.Met(few) {
			t.Fatalf("%d conditions are met, the group: %v", met, n.Met(few))
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		all(`{"action":"messages","value":10}`), all(`{"fieldId":"likes","op":"in","value":["Tea"]}`), all(`{"action":"f1","isCustomField":true,"value":"1e400"}`), all(all(`{"fieldId":"born","value":"29/02/2000"}`)),
		`{"operator":"and","conditions":[null,[],{"_id":"\u0000"}]}`, `{"fieldId":{}}`, all(`{"fieldId":"phone","value":"+49 30 1234567"}`), all(`{"fieldId":"city","value":""}`), all(`{"fieldId":"email","value":"ADA@example.com"}`),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, err := condition.Decode(json.RawMessage(raw), "conditions", fields)
		if err != nil {
			if e := errs.From(err); e == nil || len(e.Fields) == 0 {
				t.Fatalf("rejected without a reason: %v", err)
			}
			return
		}
		same(t, n)
	})
}

func TestCountsThatWereSmallerMayHaveMet(t *testing.T) {
	n := condition.Node{Operator: condition.And, Conditions: []condition.Node{{Action: condition.Messages, Op: condition.Equal, Count: 3}, {Action: condition.Replies, Op: condition.AtLeast, Count: 1}}}
	for _, c := range []struct {
		messages, replies int64
		met, may          bool
	}{{2, 1, false, false}, {3, 1, true, true}, {4, 1, false, true}, {4, 0, false, false}} {
		v := condition.Values{Counts: map[string]int64{condition.Messages: c.messages, condition.Replies: c.replies}}
		if n.Met(v) != c.met || n.MayHaveMet(v) != c.may {
			t.Errorf("%+v: met %t, may have met %t", c, n.Met(v), n.MayHaveMet(v))
		}
	}
}
