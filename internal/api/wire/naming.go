package wire

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/progress/subject"
)

// identifiers are one or more values that name users, or an object with type and value.
type identifiers struct {
	values          []string
	kind, fieldName string // of an object
}

// UnmarshalJSON decodes a text, a number, a list of them, or an object.
func (n *identifiers) UnmarshalJSON(raw []byte) error {
	var one UserRef
	switch raw[0] {
	case '[':
		var list []UserRef
		err := json.Unmarshal(raw, &list)
		for _, value := range list {
			n.values = append(n.values, string(value))
		}
		return err
	case '{':
		var object struct {
			Type      string  `json:"type"`
			Value     UserRef `json:"value"`
			FieldName string  `json:"fieldName"`
		}
		err := json.Unmarshal(raw, &object)
		n.values, n.kind, n.fieldName = []string{string(object.Value)}, object.Type, object.FieldName
		return err
	}
	err := json.Unmarshal(raw, &one)
	n.values = []string{string(one)}
	return err
}

// Schema describes the forms in the OpenAPI document.
func (identifiers) Schema(huma.Registry) *huma.Schema {
	most := subject.MaxValues
	value := &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}}}
	object := &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "value"}, Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString}, "value": value, "fieldName": {Type: huma.TypeString}}}
	s := &huma.Schema{Examples: []any{"ada@example.com"}, OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}, {Type: huma.TypeArray, Items: value, MaxItems: &most}, object}}
	for _, one := range append(s.OneOf, value, s) {
		one.PrecomputeMessages()
	}
	return s
}

// Naming is the part of a body that names users.
type Naming struct {
	Identifier identifiers `json:"identifier" doc:"Values of the type, or an object with type, value and fieldName."`
	Type       string      `json:"identifier_type,omitempty" enum:"email,username,userId,custom-field" default:"email"`
	FieldName  string      `json:"fieldName,omitempty" doc:"The custom field, for custom-field."`
}

// Names returns the values for the feature.
func (n *Naming) Names() subject.Names {
	names := subject.Names{Type: n.Type, FieldName: n.FieldName, Values: n.Identifier.values}
	if n.Identifier.kind != "" {
		names.Type, names.FieldName = n.Identifier.kind, n.Identifier.fieldName
	}
	return names
}
