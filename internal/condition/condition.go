// Package condition has the conditions that members meet by what they do and by the values
// of their fields. Badges, milestones and streaks have the same ones. It is pure: others
// read the counts and the values.
package condition

import (
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// Actions that are counted.
const (
	Messages    = "messages" // without replies
	Replies     = "replies"
	Reactions   = "reactions"
	Visits      = "visits"
	VisitStreak = "visitStreak" // days
	TimeSpent   = "timeSpent"   // minutes
	XPEarned    = "xpEarned"
	CoinsEarned = "coinsEarned"
)

// Actions are those of all areas that exist.
var Actions = []string{Messages, Replies, Reactions, Visits, VisitStreak, TimeSpent, XPEarned, CoinsEarned}

// Operators of groups.
const (
	And = "and"
	Or  = "or"
)

// Comparisons of conditions. The value of a member is on the left side.
const (
	Equal    = "eq"
	NotEqual = "ne"
	Above    = "gt"
	AtLeast  = "gte"
	Below    = "lt"
	AtMost   = "lte"
	In       = "in"
	Set      = "set" // the field has a value
)

var (
	actionOps = []string{AtLeast, Above, Equal}
	fieldOps  = []string{Equal, NotEqual, Above, AtLeast, Below, AtMost, In, Set}
)

// Node is a condition or a group of conditions. The zero Node is a condition that no
// member meets.
type Node struct {
	ID string // as the client gave it; "": none

	Operator   string // of a group: And, Or; "": a condition
	Conditions []Node // of a group

	Action  string // one of Actions; "": a condition on a field
	FieldID string
	Seen    bool // given as an action with isCustomField
	Op      string
	Count   int64 // of an action
	Value   any   // of a field: as field.FilterValue returns it, a []any of them for In, nil for Set
}

// Reaching returns the group of one condition: a count of at least n.
func Reaching(action string, n int64) Node {
	return Node{Operator: And, Conditions: []Node{{Action: action, Op: AtLeast, Count: n}}}
}

// Values are what conditions are evaluated with, of one member.
type Values struct {
	Counts map[string]int64 // by action
	Fields map[string]any   // by id of the field; unset ones are absent
}

// Met reports whether the values meet the conditions. An unset field, and one that was
// deleted, meets none.
func (n *Node) Met(v Values) bool { return n.met(v, true) }

// MayHaveMet reports whether the values, or earlier ones with smaller counts, meet the
// conditions.
func (n *Node) MayHaveMet(v Values) bool { return n.met(v, false) }

func (n *Node) met(v Values, exact bool) bool {
	met := func(one Node) bool { return one.met(v, exact) }
	switch n.Operator {
	case And:
		return !slices.ContainsFunc(n.Conditions, func(one Node) bool { return !met(one) })
	case Or:
		return slices.ContainsFunc(n.Conditions, met)
	}
	if n.Action != "" {
		return v.Counts[n.Action] >= n.needed() && (!exact || n.Op != Equal || v.Counts[n.Action] == n.Count)
	}
	return n.matches(v.Fields[n.FieldID])
}

// needed is the count of an action from which on it may be met.
func (n *Node) needed() int64 {
	if n.Op == Above {
		return n.Count + 1
	}
	return n.Count
}

// matches reports whether the value of a field meets the condition.
func (n *Node) matches(value any) bool {
	if value == nil {
		return false
	}
	switch n.Op {
	case Set:
		return true
	case Equal:
		return has(value, n.Value)
	case NotEqual:
		return !has(value, n.Value)
	case In:
		list, _ := n.Value.([]any)
		return slices.ContainsFunc(list, func(one any) bool { return has(value, one) })
	}
	order := field.Compare(value, n.Value)
	switch n.Op {
	case Above:
		return order > 0
	case AtLeast:
		return order >= 0
	case Below:
		return order < 0
	case AtMost:
		return order <= 0
	}
	return false
}

// has reports whether a value is another one, or a choice among several.
func has(value, one any) bool {
	if choices, ok := value.([]string); ok {
		text, _ := one.(string)
		return slices.Contains(choices, text)
	}
	return field.Compare(value, one) == 0
}

// Progress is how near a member is to one condition.
type Progress struct {
	Action  string // "": a field
	FieldID string
	Value   any // an int64 for an action; nil: unset
	Needed  any // an int64 for an action; nil: any value
	Met     bool
}

// Progress returns that of each condition, in their order, without the groups.
func (n *Node) Progress(v Values) []Progress {
	list := []Progress{}
	n.Each(func(one *Node) {
		p := Progress{Action: one.Action, FieldID: one.FieldID, Met: one.Met(v)}
		if one.Action != "" {
			p.Value, p.Needed = v.Counts[one.Action], one.needed()
		} else {
			p.Value, p.Needed = v.Fields[one.FieldID], one.Value
		}
		list = append(list, p)
	})
	return list
}

// Each calls f for each condition.
func (n *Node) Each(f func(*Node)) {
	if n.Operator == "" {
		f(n)
		return
	}
	for i := range n.Conditions {
		n.Conditions[i].Each(f)
	}
}

// Actions returns the actions of the conditions, sorted.
func (n *Node) Actions() []string {
	return n.names(func(one *Node) string { return one.Action })
}

// FieldIDs returns the fields of the conditions, sorted.
func (n *Node) FieldIDs() []string {
	return n.names(func(one *Node) string { return one.FieldID })
}

func (n *Node) names(of func(*Node) string) []string {
	var list []string
	n.Each(func(one *Node) {
		if name := of(one); name != "" {
			list = append(list, name)
		}
	})
	slices.Sort(list)
	return slices.Compact(list)
}

// wireNode is a Node on the wire.
type wireNode struct {
	ID            *string           `json:"_id,omitempty"`
	Operator      *string           `json:"operator,omitempty"`
	Conditions    []json.RawMessage `json:"conditions,omitempty"`
	Action        *string           `json:"action,omitempty"`
	FieldID       *string           `json:"fieldId,omitempty"`
	IsCustomField *bool             `json:"isCustomField,omitempty"`
	Op            *string           `json:"op,omitempty"`
	Value         json.RawMessage   `json:"value,omitempty"`
}

// MarshalJSON returns the conditions as Decode and Load read them.
func (n *Node) MarshalJSON() ([]byte, error) {
	var w wireNode
	if n.ID != "" {
		w.ID = &n.ID
	}
	if n.Operator != "" {
		w.Operator = &n.Operator
		for i := range n.Conditions {
			one, err := n.Conditions[i].MarshalJSON()
			if err != nil {
				return nil, err
			}
			w.Conditions = append(w.Conditions, one)
		}
		return json.Marshal(w)
	}
	w.Op = &n.Op
	var value any
	switch {
	case n.Action != "":
		w.Action, value = &n.Action, n.Count
	case n.Seen:
		w.Action, w.IsCustomField, value = &n.FieldID, &n.Seen, n.Value
	default:
		w.FieldID, value = &n.FieldID, n.Value
	}
	if value != nil {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		w.Value = encoded
	}
	return json.Marshal(w)
}
