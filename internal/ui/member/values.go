package member

import (
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ui"
)

// refusedValue is a rejected input.
type refusedValue struct{ field, text, message string }

// changeValue sets the value of one field.
func (h *handlers) changeValue(v *ui.Request) error {
	m, err := h.Members.Find(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	field := v.PostFormValue("field") // reads the form
	text := strings.Join(v.PostForm["value"], ", ")
	values := []member.FieldValue{{Field: field, Value: text}}
	rows, err := h.Members.Change(v.Context(), actor.FromContext(v.Context()), v.Community.ID, m.ID, values, ui.Source)
	if e := errs.From(err); e != nil && len(e.Fields) > 0 {
		return h.renderProfile(v, refusedValue{field, text, ui.FieldError(v.Context(), e.Fields[0])}, err)
	}
	if errs.KindOf(err) == errs.Conflict {
		return h.renderProfile(v, refusedValue{}, err)
	}
	if err != nil {
		return err
	}
	said := ""
	if len(rows) > 0 {
		said = v.T("%s updated", changedField(v.Context(), rows[0]))
	}
	return v.Redirect(v.In("/members/"+m.ID), said)
}

// revertValue reverts one change.
func (h *handlers) revertValue(v *ui.Request) error {
	row, err := h.Members.Revert(v.Context(), actor.FromContext(v.Context()), v.Community.ID, v.PathValue("row"))
	if kind := errs.KindOf(err); kind == errs.Conflict || kind == errs.Forbidden { // the ranks forbid some roles
		return h.renderProfile(v, refusedValue{}, err)
	}
	if err != nil {
		return err
	}
	return v.Redirect(v.In("/members/"+row.UserID), v.T("%s reverted", changedField(v.Context(), row)))
}

// showInputs adds inputs to the values.
func (v *ProfileView) showInputs(m member.Member, fields []field.Field, names member.Names, typed refusedValue) {
	v.Values = append(v.Values, Value{Name: v.T("Tags"), Text: strings.Join(v.Tags, v.T(", ")), Field: field.TagName})
	record := map[string]any{
		field.FirstName: m.FirstName, field.LastName: m.LastName, field.PhoneName: m.Phone, field.CountryName: m.Country,
		field.LanguageName: m.Language, field.TagName: names.TagNames(m.TagIDs),
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
				now = m.Values.Get(f.Field)
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
	in := ValueInput{Type: string(f.Type), Text: ui.FormText(now), Required: f.Required, Options: f.Options, Busy: f.InProgress() && f.Work.Kind != field.FillIndex && f.Work.Kind != field.DropKeys}
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
