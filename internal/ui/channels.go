package ui

import (
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/i18n"
)

// ChannelGroup is a category with its channels.
type ChannelGroup struct {
	ID, Name    string // "": in no category
	Channels    []ChannelRow
	First, Last bool // of the categories
}

// ChannelRow is a channel in the tree.
type ChannelRow struct {
	ID, Topic, Description, Icon, Type string
	Private, Page, Forum               bool
	First, Last                        bool // of all
}

// GroupChannels puts channels under their categories; both are in order.
func GroupChannels(categories []chat.Category, channels []chat.Channel) []ChannelGroup {
	groups := []ChannelGroup{{}}
	for i, c := range categories {
		groups = append(groups, ChannelGroup{ID: c.ID, Name: c.Name, First: i == 0, Last: i == len(categories)-1})
	}
	for _, ch := range channels {
		at := 0
		for i, g := range groups {
			if g.ID == ch.CategoryID {
				at = i
			}
		}
		groups[at].Channels = append(groups[at].Channels, ChannelRow{
			ID: ch.ID, Topic: ch.Topic, Description: ch.Description, Icon: ChannelIcon(ch.Type), Type: channelTypeName(ch.Type),
			Private: ch.Private, Page: ch.Type == chat.Iframe, Forum: ch.Type == chat.Forum,
		})
	}
	markEnds(groups)
	return groups
}

// markEnds marks the first and the last channel.
func markEnds(groups []ChannelGroup) {
	for g := range groups {
		for i := range groups[g].Channels {
			groups[g].Channels[i].First = g == 0 && i == 0
			groups[g].Channels[i].Last = g == len(groups)-1 && i == len(groups[g].Channels)-1
		}
	}
}

func channelTypeName(t chat.Type) string {
	for _, one := range ChannelTypes {
		if one.Value == string(t) {
			return one.Label
		}
	}
	return string(t)
}

// ChannelIcon returns the icon of a type of channel.
func ChannelIcon(t chat.Type) string {
	switch t {
	case chat.Announcement:
		return "megaphone"
	case chat.Whisper, chat.Direct:
		return "user-round"
	case chat.Forum:
		return "rows-3"
	case chat.Iframe:
		return "app-window"
	}
	return "hash"
}

// ChannelTypes are the kinds of channels in plain words.
var ChannelTypes = []Choice{
	{string(chat.Open), i18n.Key("Text")},
	{string(chat.Announcement), i18n.Key("Announcements")},
	{string(chat.Forum), i18n.Key("Forum")},
	{string(chat.Whisper), i18n.Key("Whisper")},
	{string(chat.Direct), i18n.Key("Direct, of few people")},
	{string(chat.Iframe), i18n.Key("A page of another site")},
}

// GroupName returns the heading of a group.
func GroupName(p Page, g ChannelGroup) string {
	if g.ID == "" {
		return p.T("In no category")
	}
	return g.Name
}
