package wire

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
)

// Person is a member in an object of another kind.
type Person struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	Username string `json:"username" example:"ada"`
}

// NewPerson returns nil for no member.
func NewPerson(p directory.Person) *Person {
	if p.ID == "" {
		return nil
	}
	return &Person{p.ID, p.Number, p.Username}
}

// UserRef names a user by text or by number.
type UserRef string

// UnmarshalJSON decodes a string or a number.
func (r *UserRef) UnmarshalJSON(text []byte) error {
	if text[0] != '"' {
		*r = UserRef(text)
		return nil
	}
	return json.Unmarshal(text, (*string)(r))
}

// Schema describes both forms in the OpenAPI document.
func (UserRef) Schema(huma.Registry) *huma.Schema {
	least := 1
	s := &huma.Schema{Examples: []any{"ada@example.com"}, OneOf: []*huma.Schema{{Type: huma.TypeString, MinLength: &least}, {Type: huma.TypeInteger}}}
	s.PrecomputeMessages()
	return s
}

// SourceType is the source of changes by the API in the history of members.
const SourceType = "api"

// Source is the source of a change by the request of ctx.
func Source(ctx context.Context) member.Source {
	return member.Source{Type: SourceType, ID: actor.FromContext(ctx).KeyID}
}

// TimeOrNull formats Unix milliseconds, nil for 0.
func TimeOrNull(ms int64) *string {
	if ms == 0 {
		return nil
	}
	text := clock.Format(ms)
	return &text
}
