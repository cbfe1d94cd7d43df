package directory

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
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
)

// Operator is the comparison of a condition.
type Operator string

// The operators. For lists, Equals tests membership.
const (
	Equals  Operator = "="
	AtLeast Operator = ">="
	AtMost  Operator = "<="
	Above   Operator = ">"
	Below   Operator = "<"
)

var operators = map[string]Operator{"gte": AtLeast, "lte": AtMost, "gt": Above, "lt": Below}

// Condition is a comparison with a field of a member; unset values do not
// match. Values of roles and tags are ids.
type Condition struct {
	Field *field.Field
	Op    Operator
	Value any // a string for one option of a list
}

// FilterNames are the names of what filters compare.
type FilterNames struct {
	member.Names
	Tiers, Badges map[string]string // id -> name
	FirstTier     string            // the id of the tier of members without XP; "": none
}

// FilterNames returns the names of all roles, tags, tiers and badges.
func (s *Directory) FilterNames(ctx context.Context, caller actor.Actor, communityID string) (names FilterNames, err error) {
	names.Names, err = s.Names(ctx, caller, communityID)
	if err != nil || s.reads.Names == nil {
		return names, err
	}
	return names, s.reads.Names(ctx, s.db, communityID, &names)
}

// FilterFields are the fields that a community can be filtered by.
type FilterFields struct {
	fields []field.Field
	names  FilterNames
}

// NewFilterFields returns the FilterFields of a community with these fields and names.
func NewFilterFields(fields []field.Field, names FilterNames) FilterFields {
	return FilterFields{slices.Concat(fields, field.MemberFields), names}
}

// FilterFields returns the FilterFields of a community for a filter. Names are read only if
// the filter uses them.
func (s *Directory) FilterFields(ctx context.Context, caller actor.Actor, communityID string, filter map[string]any) (FilterFields, error) {
	if err := s.view(ctx, caller, communityID); err != nil {
		return FilterFields{}, err
	}
	fields, err := field.List(ctx, s.db, communityID)
	a := NewFilterFields(fields, FilterNames{})
	for name := range filter {
		if f := a.Field(name); err == nil && f != nil && slices.Contains(named, f.Type) {
			a.names, err = s.FilterNames(ctx, caller, communityID)
			break
		}
	}
	return a, err
}

// named are the types of fields whose values have names.
var named = []field.Type{field.RoleList, field.TagList, field.TierName, field.BadgeList}

// Field returns a field by its id, database name or name, nil if there is none.
func (a FilterFields) Field(name string) *field.Field { return member.FindField(a.fields, name) }

// All returns all fields.
func (a FilterFields) All() []*field.Field {
	all := make([]*field.Field, len(a.fields))
	for i := range a.fields {
		all[i] = &a.fields[i]
	}
	return all
}

// Conditions parses a filter: by field a value, or an object with the bounds
// gte, lte, gt and lt. It fails with Invalid invalid_input that names every
// invalid part.
func (a FilterFields) Conditions(filter map[string]any) ([]Condition, error) {
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

func (a FilterFields) condition(f *field.Field, bound string, given any) ([]Condition, *field.Problem) {
	op, known := operators[bound]
	switch {
	case bound == "":
		op = Equals
	case !known:
		return nil, field.Unfit("unknown_bound", "A range has the bounds gte, lte, gt and lt.")
	case !f.Ranges():
		return nil, field.Unfit("no_range", "%s has no order. Filter by one value.", f.Label())
	}
	if f.Field == field.JoinDate {
		return joinedAt(f, op, given)
	}
	value, problem := a.value(f, given)
	if role, ok := value.(string); ok && f.Type == field.RoleList && a.names.Roles[role] == access.EveryoneTitle {
		return nil, problem // every member has it
	}
	if f.Type == field.TierName && value == a.names.FirstTier {
		value = firstTier(a.names.FirstTier)
	}
	return []Condition{{f, op, value}}, problem
}

// value converts a value of a request.
func (a FilterFields) value(f *field.Field, given any) (any, *field.Problem) {
	text, isText := given.(string)
	switch {
	case f.Type == field.RoleList && isText:
		return orUnknown(member.IDOf(a.names.Roles, text), field.Unfit("unknown_role", "There is no role %q; names are compared with their case.", text))
	case f.Type == field.TagList && isText:
		return orUnknown(a.names.FindTag(text), field.Unfit("unknown_tag", "There is no tag %q; names are compared with their case.", text))
	case f.Type == field.TierName && isText:
		tierID := member.IDOf(a.names.Tiers, text)
		return orUnknown(tierID, field.Unfit("unknown_tier", "There is no tier %q; names are compared with their case.", text))
	case f.Type == field.BadgeList && isText:
		return orUnknown(member.IDOf(a.names.Badges, text), field.Unfit("unknown_badge", "There is no badge %q; names are compared with their case.", text))
	case slices.Contains(named, f.Type):
		return nil, field.Unfit("wrong_type", "One name or _id is expected.")
	case f.Default && f.Field == field.Username && isText:
		return account.UsernameKey(text), nil
	case f.Default && f.Field == field.EmailName && isText:
		return account.EmailKey(text), nil
	case f.Default && (f.Field == field.Number || f.IsFigure() && f.Type == field.Numerical) && strings.TrimSpace(fmt.Sprint(given)) != "":
		n, err := strconv.ParseInt(fmt.Sprint(given), 10, 64)
		if err != nil {
			return nil, field.Unfit("invalid_number", "A whole number is expected.")
		}
		return n, nil
	}
	return f.FilterValue(given)
}

func orUnknown(id string, unknown *field.Problem) (any, *field.Problem) {
	if id != "" {
		return id, nil
	}
	return nil, unknown
}

// joinedAt compares the time of joining with a day, in UTC, or with a time.
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

// number is the value as text that both engines cast to a number.
func (c Condition) number() string {
	n, _ := c.Value.(json.Number)
	return n.String()
}

// firstTier is the value of a condition on the tier of members without XP: they have no row.
type firstTier string

// byRows reports whether the condition is on the rows of a table of figures.
func (c Condition) byRows() bool { return c.Field.Default && figures[c.Field.Field].table != "" }

// dayValue is the value of a condition on a figure that depends on the day, see place.
type dayValue struct{ n, today int64 }

// resolve returns the conditions as they are at the time.
func (s *Directory) resolve(ctx context.Context, communityID string, where []Condition) ([]Condition, error) {
	if !slices.ContainsFunc(where, func(c Condition) bool { return c.Field.IsFigure() }) {
		return where, nil
	}
	at, err := figure.Now(ctx, s.db, s.clock, communityID)
	if err != nil {
		return nil, err
	}
	where = slices.Clone(where)
	for i, c := range where {
		switch {
		case !c.Field.IsFigure():
		case figures[c.Field.Field].day != "":
			n, _ := c.Value.(int64)
			where[i].Value = dayValue{n: n, today: at.Today}
		case c.Value == true:
			where[i] = Condition{c.Field, Above, at.MS}
		case c.Value == false:
			where[i] = Condition{c.Field, AtMost, at.MS}
		}
	}
	return where, nil
}

// today returns the number of the present day if a figure depends on it, else 0.
func (s *Directory) today(ctx context.Context, communityID, name string) (int64, error) {
	if figures[name].day == "" {
		return 0, nil
	}
	at, err := figure.Now(ctx, s.db, s.clock, communityID)
	return at.Today, err
}

// unordered reports whether the rows that match are in another order than the members.
func (c Condition) unordered() bool { return figures[c.Field.Field].unordered }

// matchesNone reports whether the condition on a figure matches members that have done
// nothing.
func (c Condition) matchesNone() bool {
	n := int64(0)
	switch value := c.Value.(type) {
	case int64:
		n = value
	case dayValue:
		n = value.n
	case firstTier:
		return true
	case string: // the id of a tier or badge
		return false
	}
	switch c.Op {
	case AtLeast:
		return n <= 0
	case Above:
		return n < 0
	case AtMost:
		return n >= 0
	case Below:
		return n > 0
	default:
		return n == 0
	}
}
