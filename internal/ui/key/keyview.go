package key

import (
	"slices"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// View is a key and the form that changes it.
type View struct {
	ui.Page
	Key    KeyRow
	Name   string
	Ends   string // KeepEnd, or days from now
	On     bool
	Chosen map[string]bool
	Errors map[string]string
	NewKey string // the secret after a rotation, this one time

	OldUntil int64 // Unix milliseconds until which the secret before the last rotation works, 0: it does not

	Back     string              // the page that lists the keys
	Channels []CommunityChannels // of a personal key: the channels that can limit it
}

// CommunityChannels are the channels of a community that can limit a personal key.
type CommunityChannels struct {
	Community string
	Channels  []Channel
}

// Channel is one of them.
type Channel struct {
	ID, Name string
	Chosen   bool
}

// bounded reports whether the key works in some channels only.
func (v View) bounded() bool {
	return slices.ContainsFunc(v.Channels, func(home CommunityChannels) bool {
		return slices.ContainsFunc(home.Channels, func(c Channel) bool { return c.Chosen })
	})
}

// offered returns the permissions that the key can have, followed by those without
// a label that a program gave it.
func (v View) offered() []ui.Permission {
	offered := v.Permissions.CommunityKey
	if v.Back == ui.OwnKeysPath {
		offered = v.Permissions.Key
	}
	offered = slices.Clone(offered)
	for _, name := range v.Key.Permissions {
		if v.Permissions.KeyLabel(name) == name {
			offered = append(offered, ui.Permission{Value: name, Label: name})
		}
	}
	return offered
}

// KeepEnd leaves the end of a key as it is.
const KeepEnd = "keep"

// lives are the ends that a key can get, the one it has first.
func (v View) lives() []ui.Choice {
	now := v.T("Unchanged: never")
	if v.Key.ExpiresAt > 0 {
		now = v.T("Unchanged: %s", v.Reader.Day(v.Key.ExpiresAt))
	}
	return append([]ui.Choice{{Value: KeepEnd, Label: now}}, v.Choices(keyLives)...)
}

var keyLives = []ui.Choice{{Value: "0", Label: i18n.Key("Never")}, {Value: "30", Label: i18n.Key("In 30 days")}, {Value: "90", Label: i18n.Key("In 90 days")}, {Value: "365", Label: i18n.Key("In a year")}}

// overlaps are how many hours the old secret of a rotated key can work.
var overlaps = []ui.Choice{{Value: "0", Label: i18n.Key("Not at all")}, {Value: "1", Label: i18n.Key("For an hour")}, {Value: "24", Label: i18n.Key("For a day")}, {Value: "168", Label: i18n.Key("For a week")}}
