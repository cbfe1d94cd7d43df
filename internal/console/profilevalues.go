package console

import (
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// fromConsole is the source of what a person changes at a page.
var fromConsole = member.Source{Type: "console"}

// refusedValue is what somebody typed that was not taken.
type refusedValue struct{ field, text, message string }

// changeValue gives one field of a member another value.
func (c *console) changeValue(v *visit) error {
	m, err := c.Members.Find(v.Context(), v.community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	field := v.PostFormValue("field") // reads the form
	text := strings.Join(v.PostForm["value"], ", ")
	values := []member.FieldValue{{Field: field, Value: text}}
	rows, err := c.Members.Change(v.Context(), actor.FromContext(v.Context()), v.community.ID, m.ID, values, fromConsole)
	if e := errs.From(err); e != nil && len(e.Fields) > 0 {
		return c.renderProfile(v, refusedValue{field, text, sayField(v.Context(), e.Fields[0])}, err)
	}
	if errs.KindOf(err) == errs.Conflict {
		return c.renderProfile(v, refusedValue{}, err)
	}
	if err != nil {
		return err
	}
	said := ""
	if len(rows) > 0 {
		said = v.T("%s is changed", changedField(v.Context(), rows[0]))
	}
	return v.goTo(v.in("/members/"+m.ID), said)
}

// revertValue takes one change back.
func (c *console) revertValue(v *visit) error {
	row, err := c.Members.Revert(v.Context(), actor.FromContext(v.Context()), v.community.ID, v.PathValue("row"))
	if kind := errs.KindOf(err); kind == errs.Conflict || kind == errs.Forbidden { // the ranks forbid some roles
		return c.renderProfile(v, refusedValue{}, err)
	}
	if err != nil {
		return err
	}
	return v.goTo(v.in("/members/"+row.UserID), v.T("%s is what it was before", changedField(v.Context(), row)))
}

// showInputs makes the values of the profile ones that can be changed.
func (v *ProfileView) showInputs(m member.Member, fields []field.Field, names member.Names, typed refusedValue) {
	v.Values = append(v.Values, Value{Name: v.T("Tags"), Text: strings.Join(v.Tags, v.T(", ")), Field: field.TagName})
	record := map[string]any{
		field.FirstName: m.FirstName, field.LastName: m.LastName, field.PhoneName: m.Phone, field.CountryName: m.Country,
		field.LanguageName: m.Language, field.TagName: named(m.TagIDs, names.Tags),
	}
	for i := range v.Values {
		value := &v.Values[i]
		for j := range fields {
			f := &fields[j]
			if f.Field != value.Field {
				continue
			}
			now, isDefault := record[f.Field]
			if !isDefault {
				now = m.Fields[f.Field]
			}
			value.Input = inputOf(f, now)
			if typed.field == f.Field {
				value.Input.Text, value.Input.Error = typed.text, typed.message
				value.Input.chosen(strings.Split(typed.text, ", "))
			}
		}
	}
}

// inputOf is how a value of a field is typed.
func inputOf(f *field.Field, now any) ValueInput {
	in := ValueInput{Type: string(f.Type), Text: typedText(now), Required: f.Required, Options: f.Options, Busy: f.Works() && f.Work.Kind != field.FillIndex && f.Work.Kind != field.DropKeys}
	if list, ok := now.([]string); ok {
		in.chosen(list)
	} else {
		in.chosen([]string{in.Text})
	}
	return in
}

func (in *ValueInput) chosen(list []string) {
	in.Chosen = map[string]bool{}
	for _, option := range list {
		in.Chosen[option] = true
	}
}
