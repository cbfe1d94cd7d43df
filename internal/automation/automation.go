// Package automation has the automations of communities: what an event triggers, under
// which condition, and which actions follow. Package firing runs them.
package automation

import (
	"encoding/json"
	"reflect"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/patch"
)

// Limits of automations.
const (
	MaxAutomations = 100 // of a community
	MaxName        = 100 // characters
	MaxActions     = 10  // of an automation
	MaxReason      = 200 // characters
	MaxMessage     = 4_000
	MaxFirings     = 1_000_000 // as a limit
	MaxCondition   = expression.MaxLength
)

// Automation is an automation of a community.
type Automation struct {
	ID             string
	Name           string
	Enabled        bool
	Event          string // the type of the events that trigger it
	IncludeImports bool   // imported members trigger user.joined_server too
	Condition      string // an expression; "": always
	Actions        []Action
	PerMember      int64 // firings for a member; 0: any number
	PerDay         int64 // firings for a member on a day of the community; 0: any number
	After          int64 // sequence of the last event before the last enabling
	Version        int64 // from 1
	CreatedAt      int64 // Unix milliseconds
	DeletedAt      int64 // Unix milliseconds; 0: not deleted
}

// Types of actions.
const (
	Grant   = "grant"
	Role    = "role"
	Tag     = "tag"
	Field   = "field"
	Badge   = "badge"
	Message = "message"
)

// Types are all types of actions.
var Types = []string{Grant, Role, Tag, Field, Badge, Message}

// Operations of actions.
const (
	Add      = "add"
	Remove   = "remove"
	Set      = "set"
	Subtract = "subtract"
)

// Action is what an automation does. The parts depend on the type; the others are empty.
type Action struct {
	Type      string          `json:"type"`
	Unit      ledger.Unit     `json:"unit,omitempty"`
	Amount    int64           `json:"amount,omitempty"` // negative: a debit
	Reason    string          `json:"reason,omitempty"`
	Op        string          `json:"op,omitempty"`
	RoleID    string          `json:"roleId,omitempty"`
	TagID     string          `json:"tag,omitempty"`
	FieldID   string          `json:"fieldId,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"` // null clears the field
	BadgeID   string          `json:"badgeId,omitempty"`
	ChannelID string          `json:"channelId,omitempty"`
	Message   string          `json:"message,omitempty"` // Markdown with values in double braces
}

// Actor returns the actor of what the automation does.
func (a *Automation) Actor() actor.Actor {
	return actor.Actor{Kind: actor.Automation, AutomationID: a.ID, Name: a.Name}
}

// Input is an automation in a request; nil leaves a part as it is.
type Input struct {
	Name           *string
	Enabled        *bool
	Event          *string
	IncludeImports *bool
	Condition      *string
	Actions        *[]Action
	PerMember      *int64 // 0: any number
	PerDay         *int64 // 0: any number
}

// apply changes an automation without checking it.
func (in *Input) apply(a *Automation) {
	patch.Set(&a.Name, in.Name)
	patch.Set(&a.Enabled, in.Enabled)
	patch.Set(&a.Event, in.Event)
	patch.Set(&a.IncludeImports, in.IncludeImports)
	patch.Set(&a.Condition, in.Condition)
	patch.Set(&a.Actions, in.Actions)
	patch.Set(&a.PerMember, in.PerMember)
	patch.Set(&a.PerDay, in.PerDay)
}

// equal reports whether two versions of an automation are the same.
func equal(a, b Automation) bool { return reflect.DeepEqual(a, b) }
