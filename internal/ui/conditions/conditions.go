// Package conditions has the parts of pages that edit conditions, preview who meets them,
// and show the progress of a member.
package conditions

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Counts are the labels of the actions of conditions.
var Counts = []ui.Choice{
	{Value: condition.Messages, Label: i18n.Key("Messages")},
	{Value: condition.Replies, Label: i18n.Key("Replies")},
	{Value: condition.Reactions, Label: i18n.Key("Reactions")},
	{Value: condition.Visits, Label: i18n.Key("Visits")},
	{Value: condition.VisitStreak, Label: i18n.Key("Days in a row with a visit")},
	{Value: condition.TimeSpent, Label: i18n.Key("Minutes in the community")},
	{Value: condition.XPEarned, Label: i18n.Key("XP earned")},
	{Value: condition.CoinsEarned, Label: i18n.Key("Coins earned")},
}

// Form are the texts of the editor.
type Form struct {
	Operator string
	Rules    []Rule
	Nested   bool // the stored conditions have groups, which the form leaves as they are
}

// Rule is a condition in the editor.
type Rule struct{ Subject, Op, Value string }

// maxRules is the number of conditions that the editor has.
const maxRules = 5

// ops are the comparisons that the editor has.
var ops = []ui.Choice{
	{Value: condition.AtLeast, Label: i18n.Key("at least")},
	{Value: condition.Above, Label: i18n.Key("more than")},
	{Value: condition.Equal, Label: i18n.Key("is")},
	{Value: condition.NotEqual, Label: i18n.Key("is not")},
	{Value: condition.AtMost, Label: i18n.Key("at most")},
	{Value: condition.Below, Label: i18n.Key("less than")},
	{Value: condition.Set, Label: i18n.Key("has a value")},
}

var operators = []ui.Choice{{Value: condition.And, Label: i18n.Key("All conditions")}, {Value: condition.Or, Label: i18n.Key("One of the conditions")}}

// FormOf returns the texts of stored conditions.
func FormOf(n condition.Node) Form {
	f := Form{Operator: n.Operator}
	for _, one := range n.Conditions {
		if one.Operator != "" || one.Op == condition.In || len(f.Rules) == maxRules {
			f.Nested = true
		}
		r := Rule{Subject: "action:" + one.Action, Op: one.Op, Value: strconv.FormatInt(one.Count, 10)}
		if one.Action == "" {
			r.Subject, r.Value = "field:"+one.FieldID, ""
			if one.Value != nil {
				r.Value = strings.Trim(field.EncodeJSON(one.Value), `"`)
			}
		}
		f.Rules = append(f.Rules, r)
	}
	return f
}

// ReadForm returns the texts of a request.
func ReadForm(v *ui.Request) Form {
	f := Form{Operator: v.FormValue("operator"), Nested: v.FormValue("nested") == "yes"}
	for i := range maxRules {
		n := strconv.Itoa(i)
		if r := (Rule{v.FormValue("subject" + n), v.FormValue("op" + n), strings.TrimSpace(v.FormValue("value" + n))}); r.Subject != "" {
			f.Rules = append(f.Rules, r)
		}
	}
	return f
}

// JSON returns the conditions for the feature; nil leaves stored ones as they are.
func (f Form) JSON() json.RawMessage {
	if f.Nested {
		return nil
	}
	list := make([]map[string]any, 0, len(f.Rules))
	for _, r := range f.Rules {
		one := map[string]any{"op": r.Op}
		if action, ok := strings.CutPrefix(r.Subject, "action:"); ok {
			one["action"], one["value"] = action, Number(r.Value)
		} else {
			one["fieldId"] = strings.TrimPrefix(r.Subject, "field:")
			if r.Op != condition.Set {
				one["value"] = r.Value
			}
		}
		list = append(list, one)
	}
	return json.RawMessage(field.EncodeJSON(map[string]any{"operator": f.Operator, "conditions": list}))
}

func (f Form) rule(i int) Rule {
	if i < len(f.Rules) {
		return f.Rules[i]
	}
	return Rule{}
}

// Line returns the conditions of a form in words.
func Line(p ui.Page, f Form, subjects []ui.Choice) ui.Line {
	line := ui.Line{Key: "conditions", Label: p.T("Conditions")}
	if f.Nested {
		line.Text = p.T("Groups of conditions")
		return line
	}
	parts := make([]string, len(f.Rules))
	for i, r := range f.Rules {
		parts[i] = strings.TrimSpace(p.Chosen(subjects, r.Subject) + " " + p.Chosen(p.Choices(ops), r.Op) + " " + r.Value)
	}
	if line.Text = strings.Join(parts, "; "); len(parts) > 1 {
		line.Text = p.Chosen(p.Choices(operators), f.Operator) + ": " + line.Text
	}
	return line
}

// Number returns a whole number, 0 of nothing and -1 of another text.
func Number(text string) int64 {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	return ui.WholeNumber(text)
}

// Subjects returns what conditions compare.
func Subjects(v *ui.Request, fields []field.Field) []ui.Choice {
	list := []ui.Choice{{Value: "", Label: "–"}}
	for _, one := range Counts {
		list = append(list, ui.Choice{Value: "action:" + one.Value, Label: v.T(one.Label)})
	}
	for _, f := range fields {
		if f.Type != field.RoleList && f.Type != field.TagList {
			label := f.Name
			if f.Default {
				label = v.T(f.Name)
			}
			list = append(list, ui.Choice{Value: "field:" + f.ID, Label: label})
		}
	}
	return list
}

// Errors are the errors of a form; those of conditions are joined.
func Errors(v *ui.Request, cause error) map[string]string {
	wrong := ui.FieldErrors(v.Context(), cause)
	for name, text := range wrong {
		if strings.HasPrefix(name, "conditions") {
			wrong["conditions"] = text
		}
	}
	return wrong
}

// Step is a condition with the progress of a member.
type Step struct {
	Text          string
	Value, Needed int64 // of a count; Needed 0: a field
	Met           bool
}

// Steps returns conditions with the progress of a member.
func Steps(v *ui.Request, fields []field.Field, progress []condition.Progress) []Step {
	steps := make([]Step, len(progress))
	for i, p := range progress {
		steps[i] = Step{Text: v.T(ui.LabelOf(Counts, p.Action)), Met: p.Met}
		if p.Action != "" {
			steps[i].Value, steps[i].Needed = p.Value.(int64), p.Needed.(int64)
			continue
		}
		name := p.FieldID
		if f := field.Find(fields, p.FieldID); f != nil {
			name = v.T(f.Name)
		}
		steps[i].Text = name
		if p.Needed != nil {
			steps[i].Text = fmt.Sprintf("%s: %v", name, p.Needed)
		}
	}
	return steps
}
