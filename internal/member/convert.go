package member

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// conversion is what becomes of the values of a field whose type or options
// change.
type conversion struct {
	from, to *Field
	replace  map[string]*string // options by what stands in their place; nil: nothing does
}

// needed reports whether a value can become another one or stop to fit. More
// options behind the old ones change nothing.
func (c *conversion) needed() bool {
	if c.from.Type != c.to.Type {
		return true
	}
	if c.from.Type != Select && c.from.Type != MultiSelect || len(c.from.Options) == 0 {
		return false
	}
	return len(c.to.Options) < len(c.from.Options) || !slices.Equal(c.from.Options, c.to.Options[:len(c.from.Options)])
}

// value converts one value; nil is none. The problem says why it does not fit.
func (c *conversion) value(old any) (any, *Problem) {
	if old == nil {
		return nil, nil
	}
	var choices []string
	switch v := old.(type) {
	case []string:
		choices = c.replaced(v)
	case string:
		choices = []string{v}
		if c.from.Type == Select {
			choices = c.replaced(choices)
		}
	case json.Number:
		choices = []string{v.String()}
	case bool:
		choices = []string{strconv.FormatBool(v)}
	}
	if len(choices) == 0 {
		if c.to.Required {
			return nil, unfit("cannot_clear", "%s is required, so nothing cannot stand in the place of a value.", c.to.called())
		}
		return nil, nil
	}
	return c.take(choices)
}

// take makes a value of the new type of texts.
func (c *conversion) take(choices []string) (any, *Problem) {
	if c.to.Type == MultiSelect {
		if c.from.Type != Select && c.from.Type != MultiSelect && len(choices) == 1 { // else it is converted already
			choices = strings.Split(choices[0], ",")
		}
		value, problem := c.to.choices(choices)
		if list, ok := value.([]string); ok && len(list) == 0 {
			return nil, problem
		}
		return value, problem
	}
	if len(choices) > 1 && c.to.Type == Select {
		return nil, unfit("several_choices", "Only one can be chosen.")
	}
	text := strings.TrimSpace(strings.Join(choices, ", "))
	if text == "" {
		return nil, nil
	}
	return c.to.FromText(text, Formats{Decimal: "."})
}

// replaced are the choices with others in the place of some.
func (c *conversion) replaced(choices []string) []string {
	kept := make([]string, 0, len(choices))
	for _, choice := range choices {
		other, ok := c.replace[choice]
		switch {
		case !ok:
			kept = append(kept, choice)
		case other != nil:
			kept = append(kept, *other)
		}
	}
	return kept
}

// sameChoices reports whether two values are the same but for the order of
// their choices, which nobody chose.
func sameChoices(a, b any) bool {
	x, okA := a.([]string)
	y, okB := b.([]string)
	if !okA || !okB || len(x) != len(y) {
		return false
	}
	return !slices.ContainsFunc(x, func(choice string) bool { return !slices.Contains(y, choice) })
}

// misfits counts values that do not fit and keeps some as examples.
type misfits struct {
	values, wrong int64
	examples      []misfit
}

type misfit struct {
	userID string
	value  any
	Problem
}

const mostExamples = 5

func (m *misfits) add(userID string, value any, problem *Problem) {
	m.wrong++
	if len(m.examples) < mostExamples {
		m.examples = append(m.examples, misfit{userID, value, *problem})
	}
}
