package automation

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Limit is a number of firings, or null for any number; it may be absent.
type Limit struct {
	present bool
	firings int64
}

// UnmarshalJSON decodes a number or null.
func (l *Limit) UnmarshalJSON(raw []byte) error {
	if l.present = true; string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &l.firings); err != nil {
		return err
	}
	if l.firings == 0 {
		l.firings = -1 // not a limit
	}
	return nil
}

// Schema describes a number or null.
func (Limit) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Nullable: true}
}

// value returns the number, 0 for any; nil: absent.
func (l *Limit) value() *int64 {
	if !l.present {
		return nil
	}
	return &l.firings
}
