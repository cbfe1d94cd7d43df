package channel

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "channel", Label: i18n.Key("Channels")}, {Value: "category", Label: i18n.Key("Categories")}, {Value: "message", Label: i18n.Key("Messages")}},
	Actions: []ui.Choice{
		{Value: "category.create", Label: i18n.Key("The category %s was created")},
		{Value: "category.delete", Label: i18n.Key("The category %s was deleted")},
		{Value: "category.update", Label: i18n.Key("The category %s was updated")},
		{Value: "channel.create", Label: i18n.Key("The channel %s was created")},
		{Value: "channel.delete", Label: i18n.Key("The channel %s was deleted")},
		{Value: "channel.override", Label: i18n.Key("The permissions of the channel %s were updated")},
		{Value: "channel.update", Label: i18n.Key("The channel %s was updated")},
		{Value: "message.delete", Label: i18n.Key("A message in %s was deleted")},
		{Value: "message.delete_recent", Label: i18n.Key("The messages of %s of the last 24 hours were deleted")},
		{Value: "message.pin", Label: i18n.Key("A message was pinned in %s")},
		{Value: "message.remove_reaction", Label: i18n.Key("A reaction in %s was removed")},
		{Value: "message.unpin", Label: i18n.Key("A message was unpinned in %s")},
	},
	Fields: []ui.Choice{
		{Value: "allowedFrameOrigins", Label: i18n.Key("Allowed sites")},
		{Value: "categoryId", Label: i18n.Key("Category")},
		{Value: "channelType", Label: i18n.Key("Kind")},
		{Value: "position", Label: i18n.Key("Place")},
		{Value: "private", Label: i18n.Key("Private")},
		{Value: "slowMode", Label: i18n.Key("Slow mode, in seconds")},
		{Value: "topic", Label: i18n.Key("Topic")},
		{Value: "tradingDiscussions", Label: i18n.Key("Discussions of trading")},
		{Value: "url", Label: i18n.Key("Address of the page")},
	},
	Values: map[string][]ui.Choice{
		"channelType": ui.ChannelTypes,
	},
}
