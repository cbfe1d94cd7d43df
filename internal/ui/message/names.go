package message

import (
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/ui"
)

// name is how an author is shown.
func name(a message.Author) string {
	if a.DisplayName != "" {
		return a.DisplayName
	}
	return a.Username
}

// acts is the address of the acts on a message.
func (p Part) acts(i Item) string {
	return p.In("/channels/" + i.Channel.ID + "/messages/" + i.ID)
}

// answeredText is the beginning of a message that a reply answers.
func answeredText(p Part, one message.View) string {
	switch {
	case one.DeletedAt != nil:
		return p.T("This message was deleted.")
	case one.Hidden != "":
		return p.T("A message of a member whom you have blocked.")
	case one.Text == "":
		return p.T("Picture")
	}
	return excerpt(one.Text)
}

// emojiOf is an emoji as color fonts show it: symbols that are also text need a
// variation selector.
func emojiOf(kind string) string {
	if len([]rune(kind)) == 1 && []rune(kind)[0] < 0x1F000 {
		return kind + "\uFE0F"
	}
	return kind
}

// instant is a time of the wire in Unix milliseconds.
func instant(text *string) int64 {
	at, err := time.Parse(clock.Layout, value(text))
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}

// manageChannels is what the link to the settings of channels needs.
const manageChannels = permission.ManageChannels

var notifyChoices = []ui.Choice{
	{Value: string(readstate.NotifyAll), Label: i18n.Key("All messages")},
	{Value: string(readstate.NotifyMentions), Label: i18n.Key("Messages that mention me")},
	{Value: string(readstate.NotifyNone), Label: i18n.Key("Nothing")},
}

// emojiGroups are the names of emoji.Groups.
var emojiGroups = []string{
	i18n.Key("Smileys and emotion"), i18n.Key("People and body"), i18n.Key("Animals and nature"), i18n.Key("Food and drink"),
	i18n.Key("Travel and places"), i18n.Key("Activities"), i18n.Key("Objects"), i18n.Key("Symbols"), i18n.Key("Flags"),
}

// groupName translates the name of a group of emoji.
func groupName(p ui.Page, name string) string {
	if !slices.Contains(emojiGroups, name) {
		return name
	}
	return p.T(name)
}
