package wire

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Nullable is a text that may be null or absent.
type Nullable struct {
	present bool
	text    *string
}

// Text returns the text, "" for null; nil: absent.
func (n Nullable) Text() *string {
	if n.present && n.text == nil {
		return new(string)
	}
	return n.text
}

// UnmarshalJSON decodes a text or null.
func (n *Nullable) UnmarshalJSON(raw []byte) error {
	n.present = true
	return json.Unmarshal(raw, &n.text)
}

// Schema describes a text or null.
func (Nullable) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}
