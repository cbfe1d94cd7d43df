package api

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// chosenUser is what was chosen of a user, by the names of the fields, which
// are in their order. What is unset is absent. Lists are long: it writes
// itself, where encoding/json would reflect upon each value and sort again.
type chosenUser []chosenValue

type chosenValue struct {
	name  string
	value any
}

// MarshalJSON writes an object.
func (u chosenUser) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, 64*(len(u)+1))
	for _, v := range u {
		text = append(text, ',')
		text = append(field.AppendValue(text, v.name), ':')
		text = field.AppendValue(text, v.value)
	}
	if len(text) == 0 {
		return []byte("{}"), nil
	}
	text[0] = '{'
	return append(text, '}'), nil
}

// Schema describes an object of whatever was chosen.
func (chosenUser) Schema(registry huma.Registry) *huma.Schema {
	return huma.SchemaFromType(registry, reflect.TypeFor[map[string]any]())
}

// chosenFields are the fields that names stand for, all without names; _id is
// always among them.
func chosenFields(asking member.Asking, names []string) (chosen []*field.Field, wrong []errs.Field) {
	if len(names) == 0 {
		chosen = asking.All()
	} else {
		chosen = append(chosen, asking.Field(field.UserID))
	}
	for i, name := range names {
		f := asking.Field(name)
		if f == nil {
			wrong = append(wrong, errs.Field{Field: fmt.Sprintf("fields[%d]", i), Code: "unknown_field", Message: fmt.Sprintf("There is no user field %q.", name)})
			continue
		}
		if !slices.Contains(chosen, f) {
			chosen = append(chosen, f)
		}
	}
	slices.SortFunc(chosen, func(a, b *field.Field) int { return cmp.Compare(a.Field, b.Field) })
	return chosen, wrong
}

// chosen is what was chosen of a member.
func (n naming) chosen(m *member.Member, fields []*field.Field) chosenUser {
	u := make(chosenUser, 0, len(fields))
	for _, f := range fields {
		var value any
		switch {
		case !f.Default:
			value = m.Fields[f.Field]
		case f.Field == field.Number:
			value = m.Number
		case f.Field == field.RoleName:
			value = n.names.RolesOf(m)
		case f.Field == field.TagName:
			value = n.names.TagsOf(m)
		case f.Field == field.JoinDate:
			value = clock.Format(m.JoinedAt)
		case f.Field == field.ClaimedName:
			value = m.Claimed()
		default:
			value = member.TextOf(m, f)
		}
		if value != nil && value != "" {
			u = append(u, chosenValue{f.Field, value})
		}
	}
	return u
}
