package user

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
	"github.com/regulars/regulars/internal/member/directory"
)

// selectedFields are fields of a user with values, ordered by name. It marshals
// itself: for long lists, encoding/json would spend most of the time on reflection
// and sorting.
type selectedFields []fieldValue

type fieldValue struct {
	name  string
	value any
}

// MarshalJSON writes an object.
func (u selectedFields) MarshalJSON() ([]byte, error) {
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

// Schema describes an object with any fields.
func (selectedFields) Schema(registry huma.Registry) *huma.Schema {
	return huma.SchemaFromType(registry, reflect.TypeFor[map[string]any]())
}

// selectFields returns the fields with names, and always _id; without names it
// returns all fields.
func selectFields(filter directory.FilterFields, names []string) (selected []*field.Field, wrong []errs.Field) {
	if len(names) == 0 {
		selected = filter.All()
	} else {
		selected = append(selected, filter.Field(field.UserID))
	}
	for i, name := range names {
		f := filter.Field(name)
		if f == nil {
			wrong = append(wrong, errs.Field{Field: fmt.Sprintf("fields[%d]", i), Code: "unknown_field", Message: fmt.Sprintf("There is no user field %q.", name)})
			continue
		}
		if !slices.Contains(selected, f) {
			selected = append(selected, f)
		}
	}
	slices.SortFunc(selected, func(a, b *field.Field) int { return cmp.Compare(a.Field, b.Field) })
	return selected, wrong
}

// fields returns the values of fields of a member.
func (n names) fields(m *member.Member, list []*field.Field) selectedFields {
	u := make(selectedFields, 0, len(list))
	for _, f := range list {
		var value any
		switch {
		case !f.Default:
			value = m.Values.Get(f.Field)
		case f.Field == field.Number:
			value = m.Number
		case f.Field == field.RoleName:
			value = n.RolesOf(m)
		case f.Field == field.TagName:
			value = n.TagsOf(m)
		case f.Field == field.JoinDate:
			value = clock.Format(m.JoinedAt)
		case f.Field == field.ClaimedName:
			value = m.Claimed()
		case f.IsEarned():
			value = n.figures[m.ID].Value(f.Field)
		default:
			value = m.Text(f)
		}
		if value != nil && value != "" {
			u = append(u, fieldValue{f.Field, value})
		}
	}
	return u
}
