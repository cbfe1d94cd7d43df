package member

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// Operator is how a condition compares.
type Operator string

// The operators. Of lists, Equals asks whether the value is one of them.
const (
	Equals  Operator = "="
	AtLeast Operator = ">="
	AtMost  Operator = "<="
	Above   Operator = ">"
	Below   Operator = "<"
)

var operators = map[string]Operator{"gte": AtLeast, "lte": AtMost, "gt": Above, "lt": Below}

// Condition is something that a member's value of a field has to fulfil; who
// has no value does not. Of roles and tags the value is an id.
type Condition struct {
	Field *field.Field
	Op    Operator
	Value any // of the field, a string for one option of several
}

// Asking turns what a request asks for into conditions of a community.
type Asking struct {
	fields []field.Field
	names  Names
}

// NewAsking returns the Asking of a community with these fields, roles and
// tags.
func NewAsking(fields []field.Field, names Names) Asking {
	return Asking{slices.Concat(fields, field.MemberFields), names}
}

// Asking returns the Asking of a community for a filter. The names of roles
// and tags are read only where the filter speaks of them.
func (s *Members) Asking(ctx context.Context, communityID string, filter map[string]any) (Asking, error) {
	fields, err := field.List(ctx, s.db, communityID)
	a := NewAsking(fields, Names{})
	for name := range filter {
		if f := a.Field(name); err == nil && f != nil && (f.Type == field.RoleList || f.Type == field.TagList) {
			a.names, err = s.Names(ctx, communityID)
			break
		}
	}
	return a, err
}

// Field returns what a name in a request stands for: a field's id, database
// name or name, or one of what can be asked for beside them; nil without one.
func (a Asking) Field(name string) *field.Field { return findField(a.fields, name) }

// All returns everything that can be asked for.
func (a Asking) All() []*field.Field {
	all := make([]*field.Field, len(a.fields))
	for i := range a.fields {
		all[i] = &a.fields[i]
	}
	return all
}

// Conditions reads a filter: by field a value, or an object with the bounds
// gte, lte, gt and lt. It fails with Invalid invalid_input that names every
// wrong part.
func (a Asking) Conditions(filter map[string]any) ([]Condition, error) {
	var conditions []Condition
	var wrong []errs.Field
	for _, name := range slices.Sorted(maps.Keys(filter)) {
		f := a.Field(name)
		if f == nil {
			wrong = append(wrong, errs.Wrong("filter."+name, "unknown_field", "There is no user field %q.", name))
			continue
		}
		asked := map[string]any{"": filter[name]}
		if bounds, ok := filter[name].(map[string]any); ok {
			asked = bounds
		}
		if len(asked) == 0 {
			wrong = append(wrong, errs.Field{Field: "filter." + name, Code: "no_bounds", Message: "Name at least one of gte, lte, gt and lt."})
		}
		for _, bound := range slices.Sorted(maps.Keys(asked)) {
			c, problem := a.condition(f, bound, asked[bound])
			if problem != nil {
				wrong = append(wrong, problem.At(strings.TrimSuffix("filter."+name+"."+bound, ".")))
				continue
			}
			conditions = append(conditions, c...)
		}
	}
	return conditions, errs.InvalidFields(wrong)
}

func (a Asking) condition(f *field.Field, bound string, given any) ([]Condition, *field.Problem) {
	op, known := operators[bound]
	switch {
	case bound == "":
		op = Equals
	case !known:
		return nil, field.Unfit("unknown_bound", "A range has the bounds gte, lte, gt and lt.")
	case !f.Ranges():
		return nil, field.Unfit("no_range", "%s has no order: ask for one value.", f.Called())
	}
	if f.Field == field.JoinDate {
		return joinedAt(f, op, given)
	}
	value, problem := a.value(f, given)
	if role, ok := value.(string); ok && f.Type == field.RoleList && a.names.Roles[role] == access.EveryoneTitle {
		return nil, problem // everybody has it
	}
	return []Condition{{f, op, value}}, problem
}

// value is what a request's value means for a field.
func (a Asking) value(f *field.Field, given any) (any, *field.Problem) {
	text, isText := given.(string)
	switch {
	case f.Type == field.RoleList && isText:
		return idNamed(a.names.Roles, text, field.Unfit("unknown_role", "There is no role %q; names are compared with their case.", text))
	case f.Type == field.TagList && isText:
		return idNamed(a.names.Tags, text, field.Unfit("unknown_tag", "There is no tag %q; names are compared with their case.", text))
	case f.Type == field.RoleList, f.Type == field.TagList:
		return nil, field.Unfit("wrong_type", "One name or _id is expected.")
	case f.Type == field.MultiSelect && isText:
		return f.Option(strings.TrimSpace(text))
	case f.Type == field.MultiSelect:
		return nil, field.Unfit("wrong_type", "One of the field's options is expected.")
	case f.Default && f.Field == field.Username && isText:
		return account.UsernameKey(text), nil
	case f.Default && f.Field == field.EmailName && isText:
		return account.EmailKey(text), nil
	case f.Type == field.Date && isText:
		return field.ParseDate(strings.TrimSpace(text), "DD/MM/YYYY")
	case isText && strings.TrimSpace(text) == "":
		return nil, field.Unfit("empty", "A value is expected.")
	case f.Field == field.Number && f.Default:
		n, err := strconv.ParseInt(fmt.Sprint(given), 10, 64)
		if err != nil {
			return nil, field.Unfit("invalid_number", "A whole number is expected.")
		}
		return n, nil
	}
	return f.FromJSON(given)
}

func idNamed(byID map[string]string, ref string, unknown *field.Problem) (any, *field.Problem) {
	if found := idOf(byID, ref); found != "" {
		return found, nil
	}
	return nil, unknown
}

// joinedAt compares the moment a member joined with a day, in UTC, or with
// another moment.
func joinedAt(f *field.Field, op Operator, given any) ([]Condition, *field.Problem) {
	text, _ := given.(string)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return []Condition{{f, op, at.UnixMilli()}}, nil
	}
	day, problem := field.ParseDate(strings.TrimSpace(text), "DD/MM/YYYY")
	if problem != nil {
		return nil, problem
	}
	begin, err := time.Parse(time.DateOnly, day.(string))
	if err != nil {
		return nil, field.Unfit("invalid_date", "A day such as 2026-04-07 is expected.")
	}
	from, to := Condition{f, AtLeast, begin.UnixMilli()}, Condition{f, Below, begin.AddDate(0, 0, 1).UnixMilli()}
	switch op {
	case AtLeast:
		return []Condition{from}, nil
	case AtMost:
		return []Condition{to}, nil
	case Above:
		return []Condition{{f, AtLeast, to.Value}}, nil
	case Below:
		return []Condition{{f, Below, from.Value}}, nil
	default:
		return []Condition{from, to}, nil
	}
}

// number is the value as both engines read it.
func (c Condition) number() string {
	n, _ := c.Value.(json.Number)
	return n.String()
}
