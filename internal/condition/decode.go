package condition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// Limits of conditions.
const (
	maxDepth      = 2  // of groups
	maxConditions = 20 // of a group
	maxID         = 100
	maxIn         = 100
	maxCount      = 1_000_000_000_000
)

// Decode returns the conditions of a request, normalised: fields by their ids, values as
// members have them. path names them in errors. It fails with Invalid
// "invalid_condition", which lists each wrong part with its path.
func Decode(raw json.RawMessage, path string, fields []field.Field) (Node, error) {
	d := decoder{fields: fields}
	n := d.node(raw, path, 0)
	if len(d.wrong) > 0 {
		return Node{}, errs.New(errs.Invalid, "invalid_condition", "Some conditions are wrong; each part is listed with its reason.").WithFields(d.wrong...)
	}
	return n, nil
}

// Load returns stored conditions, which Node.MarshalJSON has encoded. Fields may have been
// deleted.
func Load(raw []byte) (Node, error) {
	var w wireNode
	if err := json.Unmarshal(raw, &w); err != nil {
		return Node{}, fmt.Errorf("stored condition: %w", err)
	}
	n := Node{ID: text(w.ID), Operator: text(w.Operator), Action: text(w.Action), FieldID: text(w.FieldID), Op: text(w.Op)}
	for _, one := range w.Conditions {
		inner, err := Load(one)
		if err != nil {
			return Node{}, err
		}
		n.Conditions = append(n.Conditions, inner)
	}
	if w.IsCustomField != nil && *w.IsCustomField {
		n.Seen, n.FieldID, n.Action = true, n.Action, ""
	}
	if len(w.Value) == 0 {
		return n, nil
	}
	if n.Action != "" {
		return n, json.Unmarshal(w.Value, &n.Count)
	}
	value, err := plain(w.Value)
	n.Value = value
	return n, err
}

// plain decodes a JSON value with numbers as json.Number.
func plain(raw []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return value, d.Decode(&value)
}

func text(given *string) string {
	if given == nil {
		return ""
	}
	return *given
}

// decoder collects what is wrong.
type decoder struct {
	fields []field.Field
	wrong  []errs.Field
}

func (d *decoder) reject(one errs.Field) { d.wrong = append(d.wrong, one) }

// node decodes a node inside depth groups.
func (d *decoder) node(raw json.RawMessage, path string, depth int) Node {
	var w wireNode
	if err := json.Unmarshal(raw, &w); err != nil || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		d.reject(errs.Wrong(path, "wrong_type", "A condition is an object with an action or a fieldId, or a group with an operator and conditions."))
		return Node{}
	}
	n := Node{ID: text(w.ID)}
	if utf8.RuneCountInString(n.ID) > maxID {
		d.reject(errs.Wrong(path+"._id", "too_long", "The _id of a condition has at most %d characters.", maxID))
	}
	isGroup := w.Operator != nil || w.Conditions != nil
	switch {
	case isGroup && (w.Action != nil || w.FieldID != nil):
		d.reject(errs.Wrong(path, "not_allowed", "A group has no action and no fieldId of its own."))
	case isGroup:
		d.group(&n, w, path, depth)
	case depth == 0:
		d.reject(errs.Wrong(path+".operator", "required", "Conditions are a group with the operator and or or."))
	case w.Action != nil && w.FieldID != nil:
		d.reject(errs.Wrong(path, "not_allowed", "A condition has an action or a fieldId, not both."))
	case w.FieldID != nil:
		d.field(&n, w, *w.FieldID, path, path+".fieldId")
	case w.Action != nil && w.IsCustomField != nil && *w.IsCustomField:
		n.Seen = true
		d.field(&n, w, *w.Action, path, path+".action")
	default:
		d.action(&n, w, path)
	}
	return n
}

func (d *decoder) group(n *Node, w wireNode, path string, depth int) {
	if n.Operator = text(w.Operator); n.Operator != And && n.Operator != Or {
		d.reject(errs.Wrong(path+".operator", "not_allowed", "The operator of a group is and or or."))
	}
	if depth == maxDepth {
		d.reject(errs.Wrong(path, "too_deep", "Groups nest to a depth of %d.", maxDepth))
		return
	}
	if len(w.Conditions) == 0 || len(w.Conditions) > maxConditions {
		d.reject(errs.Wrong(path+".conditions", "length", "A group has 1 to %d conditions.", maxConditions))
		return
	}
	for i, one := range w.Conditions {
		n.Conditions = append(n.Conditions, d.node(one, fmt.Sprintf("%s.conditions[%d]", path, i), depth+1))
	}
}

func (d *decoder) action(n *Node, w wireNode, path string) {
	n.Action = text(w.Action)
	if !slices.Contains(Actions, n.Action) {
		d.reject(errs.Wrong(path+".action", "not_allowed", "An action is one of %s.", strings.Join(Actions, ", ")))
		return
	}
	if n.Op = text(w.Op); n.Op == "" {
		n.Op = AtLeast
	}
	if !slices.Contains(actionOps, n.Op) {
		d.reject(errs.Wrong(path+".op", "not_allowed", "The comparison of an action is one of %s.", strings.Join(actionOps, ", ")))
		return
	}
	least := int64(1)
	if n.Op == Above {
		least = 0
	}
	if err := json.Unmarshal(w.Value, &n.Count); err != nil || isNull(w.Value) || n.Count < least || n.Count > maxCount {
		d.reject(errs.Wrong(path+".value", "wrong_type", "The value of an action is a whole number from %d to %d.", least, int64(maxCount)))
	}
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// field decodes a condition on a field, which namedBy names.
func (d *decoder) field(n *Node, w wireNode, ref, path, namedBy string) {
	f := field.Find(d.fields, ref)
	if f == nil || f.Type == field.RoleList || f.Type == field.TagList {
		d.reject(errs.Wrong(namedBy, "unknown_field", "There is no user field %q for conditions.", ref))
		return
	}
	n.FieldID = f.ID
	if n.Op = text(w.Op); n.Op == "" {
		n.Op = Equal
	}
	switch {
	case !slices.Contains(fieldOps, n.Op):
		d.reject(errs.Wrong(path+".op", "not_allowed", "The comparison of a field is one of %s.", strings.Join(fieldOps, ", ")))
	case n.Op != Equal && n.Op != NotEqual && n.Op != In && n.Op != Set && !f.Ranges():
		d.reject(field.Unfit("no_range", "%s has no order. Compare it with eq, ne, in or set.", f.Label()).At(path + ".op"))
	case n.Op == Set && !isNull(w.Value):
		d.reject(errs.Wrong(path+".value", "not_allowed", "The comparison set has no value."))
	case n.Op == In:
		d.values(n, f, w.Value, path+".value")
	case n.Op != Set:
		n.Value = d.value(f, w.Value, path+".value")
	}
}

func (d *decoder) values(n *Node, f *field.Field, raw json.RawMessage, path string) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 || len(list) > maxIn {
		d.reject(errs.Wrong(path, "length", "The comparison in has a list of 1 to %d values.", maxIn))
		return
	}
	values := make([]any, len(list))
	for i, one := range list {
		values[i] = d.value(f, one, fmt.Sprintf("%s[%d]", path, i))
	}
	n.Value = values
}

func (d *decoder) value(f *field.Field, raw json.RawMessage, path string) any {
	given, err := plain(raw)
	if err != nil || given == nil {
		d.reject(errs.Wrong(path, "required", "A value is expected."))
		return nil
	}
	value, problem := f.FilterValue(given)
	if problem != nil {
		d.reject(problem.At(path))
		return nil
	}
	return value
}
