package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/patch"
)

// Action is something that members are paid for.
type Action string

// The actions. Nothing is paid yet for Comment, Refer, Referral, Analysis and Object,
// whose areas do not exist.
const (
	Picture  Action = "picture"            // the first avatar
	AboutMe  Action = "aboutme"            // the first text in a field
	Message  Action = "message"            // a message
	Trading  Action = "tradingDiscussions" // instead of Message in channels for discussions of trading
	Reply    Action = "reply"              // a reply
	Quote    Action = "quote"              // instead of Reply, if it answers another reply
	Comment  Action = "comment"            // a reply to an analysis
	React    Action = "react"              // a reaction, once for each message
	Analysis Action = "analysis"
	Object   Action = "object" // a drawing in an analysis
	Visit    Action = "visit"  // the first visit of a day
	Refer    Action = "refer"
	Referral Action = "referral"
)

// Actions are all actions, in the order of pages.
var Actions = []Action{Message, Reply, Quote, Trading, React, Visit, Picture, AboutMe, Comment, Analysis, Object, Refer, Referral}

// Available reports whether the area of the action exists; the others pay nothing yet.
func (a Action) Available() bool { return reasons[a] != "" }

// Once reports whether the action pays a member once.
func (a Action) Once() bool {
	return slices.Contains([]Action{Picture, AboutMe, Refer, Referral}, a)
}

// HasCooldown reports whether the rule of the action has Time.
func (a Action) HasCooldown() bool {
	return slices.Contains([]Action{Message, Trading, Reply, Comment, React, Analysis, Object}, a)
}

// Repeats reports whether the rule of the action has DailyCap.
func (a Action) Repeats() bool { return a.HasCooldown() || a == Quote }

// InChannels reports whether the rule of the action has Channels.
func (a Action) InChannels() bool { return a.Repeats() && a != React }

// Bounds of rules.
const (
	MaxReward   = 1_000_000
	MaxCooldown = 86_400 // seconds
	MaxCap      = 1_000_000
	maxChannels = 500
)

// Rule is what an action pays.
type Rule struct {
	Enabled  bool     `json:"enabled"`
	XP       int64    `json:"xp"`
	Coins    int64    `json:"coins"`
	Time     int64    `json:"time,omitempty"`     // seconds between two payments of a member
	DailyCap *int64   `json:"dailyCap,omitempty"` // payments of a member on a day; nil: any number
	Channels []string `json:"channels,omitempty"` // empty: all
	FieldID  string   `json:"fieldId,omitempty"`  // of AboutMe; "": none
}

// pays reports whether the rule pays for something in a channel, "" outside of channels.
func (r Rule) pays(channelID string) bool {
	return r.Enabled && r.XP+r.Coins > 0 && (len(r.Channels) == 0 || slices.Contains(r.Channels, channelID))
}

// Settings are the XP rules of a community.
type Settings struct {
	Enabled        bool            `json:"enabled"`
	PayKeyMessages bool            `json:"payKeyMessages"` // also messages that a key of the community sends for members
	Rules          map[Action]Rule `json:"rules"`          // of all actions
	Version        int64           `json:"-"`              // from 1
	from           int64           // Unix milliseconds; 0: from the beginning
}

// Defaults returns the settings of a community that has changed nothing: all actions are
// disabled, with amounts that are usual.
func Defaults() Settings {
	few := int64(20)
	written := Rule{XP: 10, Coins: 1, Time: 60, DailyCap: &few}
	return Settings{Enabled: true, Version: 1, Rules: map[Action]Rule{
		Message: written, Reply: written, Trading: written, Comment: written, Quote: {XP: 10, Coins: 1, DailyCap: &few}, React: {XP: 2, Time: 3},
		Visit: {XP: 5, Coins: 1}, Picture: {XP: 20}, AboutMe: {XP: 20}, Analysis: {XP: 50, Coins: 5, Time: 60}, Object: {XP: 5, Time: 60}, Refer: {XP: 100, Coins: 10}, Referral: {XP: 50, Coins: 5},
	}}
}

// Change changes settings. Nil values stay.
type Change struct {
	Enabled, PayKeyMessages *bool
	Rules                   map[Action]ActionChange
	Version                 int64 // that the caller has read; 0: any
}

// ActionChange changes the Rule of an action. Nil values stay.
type ActionChange struct {
	Enabled         *bool
	XP, Coins, Time *int64
	DailyCap        **int64 // nil: stays; of nil: none
	Channels        *[]string
	FieldID         *string
}

// apply returns the changed settings, whose references are not checked.
func (c Change) apply(old Settings) Settings {
	changed := old
	changed.Rules = maps.Clone(old.Rules)
	patch.Set(&changed.Enabled, c.Enabled)
	patch.Set(&changed.PayKeyMessages, c.PayKeyMessages)
	for action, change := range c.Rules {
		r := changed.Rules[action]
		patch.Set(&r.Enabled, change.Enabled)
		patch.Set(&r.XP, change.XP)
		patch.Set(&r.Coins, change.Coins)
		patch.Set(&r.Time, change.Time)
		patch.Set(&r.DailyCap, change.DailyCap)
		patch.Set(&r.Channels, change.Channels)
		patch.Set(&r.FieldID, change.FieldID)
		r.Channels = slices.Compact(slices.Sorted(slices.Values(r.Channels)))
		changed.Rules[action] = r
	}
	return changed
}

// check returns what is wrong with the bounds of rules.
func (s Settings) check() (wrong []errs.Field) {
	for _, action := range Actions {
		r := s.Rules[action]
		bounded := func(name string, value, most int64) {
			field := string(action) + "." + name
			switch {
			case value < 0:
				wrong = append(wrong, errs.Wrong(field, "too_small", "%s is at least 0.", field))
			case value > most:
				wrong = append(wrong, errs.Wrong(field, "too_large", "The greatest value of %s is %d.", field, most))
			}
		}
		bounded("xp", r.XP, MaxReward)
		bounded("coins", r.Coins, MaxReward)
		bounded("time", r.Time, MaxCooldown)
		if r.DailyCap != nil {
			bounded("dailyCap", *r.DailyCap, MaxCap)
		}
		if len(r.Channels) > maxChannels || slices.ContainsFunc(r.Channels, func(channelID string) bool { return !id.Valid(channelID) }) {
			wrong = append(wrong, errs.Wrong(string(action)+".channels", "invalid", "Channels are at most %d ids.", maxChannels))
		}
	}
	return wrong
}

func (s Settings) encode() (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}

// decode decodes stored settings; actions that they lack have the defaults.
func decode(text string, version, from int64) (Settings, error) {
	s := Defaults()
	stored := Settings{}
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return s, fmt.Errorf("XP settings: %w", err)
	}
	maps.Copy(s.Rules, stored.Rules)
	s.Enabled, s.PayKeyMessages, s.Version, s.from = stored.Enabled, stored.PayKeyMessages, version, from
	return s, nil
}
