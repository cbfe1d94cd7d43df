package field

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Conversion converts the values of a field whose type or options change.
type Conversion struct {
	From, To *Field
	Replace  map[string]*string // old option -> new option; nil removes it
}

// Needed reports whether the conversion can change or reject a value. Appending
// options cannot.
func (c *Conversion) Needed() bool {
	if c.From.Type != c.To.Type {
		return true
	}
	if !c.From.Type.IsChoice() || len(c.From.Options) == 0 {
		return false
	}
	return len(c.To.Options) < len(c.From.Options) || !slices.Equal(c.From.Options, c.To.Options[:len(c.From.Options)])
}

// Value converts a value; nil is unset. The problem is the reason why it does not
// fit.
func (c *Conversion) Value(old any) (any, *Problem) {
	if old == nil {
		return nil, nil
	}
	var choices []string
	switch v := old.(type) {
	case []string:
		choices = c.replaced(v)
	case string:
		choices = []string{v}
		if c.From.Type == Select {
			choices = c.replaced(choices)
		}
	case json.Number:
		choices = []string{v.String()}
	case bool:
		choices = []string{strconv.FormatBool(v)}
	}
	if len(choices) == 0 {
		if c.To.Required {
			return nil, Unfit("cannot_clear", "%s is required, so a value cannot be replaced by nothing.", c.To.Label())
		}
		return nil, nil
	}
	return c.parse(choices)
}

// parse builds a value of the new type.
func (c *Conversion) parse(choices []string) (any, *Problem) {
	if c.To.Type == MultiSelect {
		if c.From.Type != Select && c.From.Type != MultiSelect && len(choices) == 1 { // else it is converted already
			choices = strings.Split(choices[0], ",")
		}
		value, problem := c.To.choices(choices)
		if list, ok := value.([]string); ok && len(list) == 0 {
			return nil, problem
		}
		return value, problem
	}
	if len(choices) > 1 && c.To.Type == Select {
		return nil, Unfit("several_choices", "Only one can be chosen.")
	}
	text := strings.TrimSpace(strings.Join(choices, ", "))
	if text == "" {
		return nil, nil
	}
	return c.To.FromText(text, Formats{Decimal: "."})
}

// replaced applies the replacement map.
func (c *Conversion) replaced(choices []string) []string {
	kept := make([]string, 0, len(choices))
	for _, choice := range choices {
		other, ok := c.Replace[choice]
		switch {
		case !ok:
			kept = append(kept, choice)
		case other != nil:
			kept = append(kept, *other)
		}
	}
	return kept
}

// SameChoices reports whether two values are equal, ignoring the order of
// choices.
func SameChoices(a, b any) bool {
	x, okA := a.([]string)
	y, okB := b.([]string)
	if !okA || !okB || len(x) != len(y) {
		return false
	}
	return !slices.ContainsFunc(x, func(choice string) bool { return !slices.Contains(y, choice) })
}
