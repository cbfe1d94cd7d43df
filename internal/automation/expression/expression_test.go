package expression_test

import (
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/markdown"
)

// posted is the data of events of the tests.
type posted struct {
	Text  string   `json:"text"`
	Words []string `json:"words"`
	Likes int64    `json:"likes"`
	Reply *string  `json:"reply"`
	Home  place    `json:"home"`
	Other *place   `json:"other"`
}

type place struct {
	Name string `json:"name"`
}

var scope = expression.Scope{
	Event:  event.Type{Name: "message.posted", Member: "the author", Data: posted{}},
	Fields: []field.Field{{ID: "f1", Field: "shoe-size", Type: field.Numerical}, {ID: "f2", Field: "vip", Type: field.Boolean}},
}

// values are the values of the tests.
func values() map[string]any {
	return map[string]any{
		"event": map[string]any{
			"type": "message.posted", "occurredAt": "2026-11-28T10:00:00.000Z",
			"data": map[string]any{"text": "Hello *you* @all", "words": []any{"a", "bb", "ccc"}, "likes": 3.0, "reply": nil, "home": map[string]any{"name": "Ulm"}, "other": nil},
		},
		"user": map[string]any{"username": "ada", "country": "DE", "roles": []any{"Fan", "@all"}, "xp": 120.0, "claimed": true, "joinedAt": "2026-11-20T10:00:00.000Z", "customFields": map[string]any{"vip": true}},
	}
}

func TestConditionsAreEvaluated(t *testing.T) {
	for text, want := range map[string]bool{
		"":                     true,
		`user.country == "DE"`: true,
		`user.country != "DE"`: false,
		`user.xp >= 120 and event.data.likes < 4`:                                              true,
		`user.xp / 2 > 60 or not user.claimed`:                                                 false,
		`"Fan" in user.roles && !("Staff" in user.roles)`:                                      true,
		`lower(event.data.text) contains "hello"`:                                              true,
		`event.data.text matches "^H.*l$"`:                                                     true,
		`any(event.data.words, len(#) > 2) and count(event.data.words, # startsWith "b") == 1`: true,
		`event.data.reply == nil`:                                                              true,
		`(user.customFields["shoe-size"] ?? 0) > 40`:                                           false,
		`user.customFields.vip == true`:                                                        true,
		`event.data.other?.name == "Ulm"`:                                                      false,
		`event.data.home.name in ["Ulm", "Bonn"]`:                                              true,
		`date(event.occurredAt) - date(user.joinedAt) > duration("24h")`:                       true,
		`user.xp > 100 ? event.data.likes == 3 : false`:                                        true,
		`event.type == "message.posted"`:                                                       true,
	} {
		c, problem := expression.Compile(text, scope)
		if problem != nil {
			t.Errorf("%s: %+v", text, problem)
			continue
		}
		if met, err := c.Met(values()); err != nil || met != want {
			t.Errorf("%s: %v (%v)", text, met, err)
		}
	}
}

func TestInvalidConditionsAreRejectedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]struct {
		message string
		column  int
	}{
		`user.country = "DE"`:                     {"", 14},
		`user.age > 1`:                            {"age", 6},
		`user.customFields.hat == 1`:              {"hat", 19},
		`event.data.title == "x"`:                 {"title", 12},
		`user.xp`:                                 {"bool", 0},
		`user.country > 1`:                        {"", 14},
		`len(1..1000000000) > 1`:                  {"..", 6},
		`let a = user.username; a == "x"`:         {"only", 0},
		`map(user.roles, # + #) == []`:            {"map", 1},
		`repeat("x", 100000000) == ""`:            {"repeat", 1},
		`any(user.roles, any(user.roles, true))`:  {"another loop", 17},
		`user.roles | all(any(user.roles, true))`: {"another loop", 0},
		`2 ** 1000000 > 1`:                        {"**", 3},
		`{"a": 1}.a == 1`:                         {"only", 0},
		`user.roles[0:1] == []`:                   {"only", 0},
		`true; true`:                              {"only", 0},
		`user.username.String() == "x"`:           {"", 0},
		`now() > date("2026-01-01")`:              {"now", 1},
		strings.Repeat("(", 1500):                 {"", 0},
		strings.Repeat("not ", 490) + "true":      {"nodes", 0},
		strings.Repeat("x", 2001):                 {"characters", 0},
	} {
		_, problem := expression.Compile(text, scope)
		if problem == nil || !strings.Contains(problem.Message, want.message) || want.column > 0 && (problem.Line != 1 || problem.Column != want.column) {
			t.Errorf("%.60s: %+v, want %+v", text, problem, want)
		}
	}
	second, problem := expression.Compile("user.xp > 1 and\n  user.age > 2", scope)
	if problem == nil || problem.Line != 2 || problem.Column != 8 {
		t.Errorf("%+v %v", problem, second)
	}
}

func TestConditionsOfEventsWithoutAMemberHaveNoUser(t *testing.T) {
	about := expression.Scope{Event: event.Type{Name: "channel.created", Data: posted{}}}
	if _, problem := expression.Compile("user.xp > 1", about); problem == nil {
		t.Error("there is a user")
	}
	if _, problem := expression.Compile("event.data.likes > 1", about); problem != nil {
		t.Error(problem)
	}
}

func TestValuesOfTextsArePlain(t *testing.T) {
	of := values()
	user := of["user"].(map[string]any)
	for value, want := range map[string]string{
		"ada":                          "<p>Hi <strong>ada</strong>!</p>",
		"*x* _y_ `z` <b> &amp; [a](b)": "<p>Hi <strong>*x* _y_ `z` &lt;b&gt; &amp;amp; [a](b)</strong>!</p>",
		"https://example.com www.x.de": "<p>Hi <strong>https://example.com www.x.de</strong>!</p>",
		"a@example.com":                "<p>Hi <strong>a@example.com</strong>!</p>",
		"# a\n\n- b\n1. c":             "<p>Hi <strong># a - b 1. c</strong>!</p>",
		"\\*a\\*":                      `<p>Hi <strong>\*a\*</strong>!</p>`,
	} {
		user["username"] = value
		text, problem := expression.CompileText("Hi **{{ user.username }}**!", scope)
		if problem != nil {
			t.Fatal(problem)
		}
		rendered, err := text.Render(of)
		if got := markdown.Render(rendered, markdown.Options{}); err != nil || got != want {
			t.Errorf("%q: %s (%v), want %s", value, got, err, want)
		}
	}
	user["username"] = "@all <@6a21d1c09f3b0c4d5e6f7a8b> @ada"
	text, _ := expression.CompileText("{{user.username}}", scope)
	rendered, err := text.Render(of)
	if found := markdown.Inspect(rendered); err != nil || len(found.Mentions) != 0 || len(found.Links) != 0 {
		t.Errorf("%+v (%v)", found, err)
	}
}

func TestTextsShowValuesAsPeopleWriteThem(t *testing.T) {
	text, problem := expression.CompileText(`{{event.data.likes}} {{user.roles}} {{event.data.reply}} {{user.claimed}} {{user.customFields["shoe-size"]}}|{{event.data.home.name}}`, scope)
	if problem != nil {
		t.Fatal(problem)
	}
	if got, err := text.Render(values()); err != nil || got != `3 Fan, \@all  true |Ulm` {
		t.Errorf("%q (%v)", got, err)
	}
	for _, wrong := range []string{"{{user.age}}", "{{xp}}", "{{user.xp + 1}}", "{{user.roles[0]}}", "{{}}", strings.Repeat("{{user.xp}}", 51)} {
		if _, problem := expression.CompileText(wrong, scope); problem == nil {
			t.Errorf("%.40s is valid", wrong)
		}
	}
}

func TestPathsListWhatExpressionsMayName(t *testing.T) {
	var lines []string
	for _, one := range scope.Paths() {
		lines = append(lines, one.Name+" "+one.Type)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{"event.data.home.name string", "event.data.likes number", "event.data.words list", "user.claimed boolean", `user.customFields["shoe-size"] any`, "user.customFields.vip any", "event.type string"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is absent in\n%s", want, all)
		}
	}
}

// FuzzConditions compiles and evaluates texts: none needs long, or panics.
func FuzzConditions(f *testing.F) {
	for _, text := range []string{
		`user.country == "DE"`, `any(user.roles, # == "x") and len(event.data.words) > 1`, `user.username + user.username == ""`, `1 % 0 == 1`, `"a" matches "(a*)*b"`,
		`date("x") > date("y")`, `[1, [2, [3]]] == []`, `user?.customFields?.vip ?? false`, `event.data.other.name == "x"`, `none(user.roles, {len(#) > 1})`, "-9223372036854775808 == 1", `duration("1h") > duration("x")`,
		`{{user.username}}`, `a{{event.data.text}}b{{user.roles}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		if c, problem := expression.Compile(text, scope); problem == nil {
			_, _ = c.Met(values()) // an error is a result
		}
		if template, problem := expression.CompileText(text, scope); problem == nil {
			_, _ = template.Render(values())
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%v", took)
		}
		plain := expression.Plain(text)
		if found := markdown.Inspect("a " + plain); len(found.Mentions) > 0 || len(found.Links) > 0 {
			t.Errorf("%q: %+v", plain, found)
		}
	})
}
