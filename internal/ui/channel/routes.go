// Package channel has the pages of channels, categories and overrides.
package channel

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access      *access.Access
	Communities *community.Communities
	Members     *roster.Roster
	Chat        *chat.Chat
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: h.routes(),
		Nav: []ui.NavItem{
			{Key: "channels", Label: i18n.Key("Channels"), Icon: "hash", Path: "/channels", Noun: ui.Chat, Order: 10, Need: permission.ManageChannels},
		},
		Actions: []ui.Action{
			{Icon: "plus", Label: i18n.Key("New channel"), Path: "/channels/new", Need: permission.ManageChannels},
		},
		Audit: auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.ManageChannels), Label: i18n.Key("Channels"), Help: i18n.Key("Create channels and categories, and set their permissions.")},
			},
			Server: []ui.Permission{
				{Value: permission.ManageChannelsPermission, Label: i18n.Key("Manage channels"), Help: i18n.Key("Create, edit and delete channels and categories.")},
				{Value: permission.BroadcastMessages, Label: i18n.Key("Broadcast messages"), Help: i18n.Key("Write to all members at once.")},
				{Value: permission.AllowDM, Label: i18n.Key("Write to members directly"), Help: i18n.Key("Begin a conversation with a single member.")},
			},
			Channel: []ui.Permission{
				{Value: permission.ViewMessageHistory, Label: i18n.Key("See the channel"), Help: i18n.Key("Without it the channel is hidden.")},
				{Value: permission.PostMessages, Label: i18n.Key("Post messages")},
				{Value: permission.AttachFiles, Label: i18n.Key("Attach files")},
				{Value: permission.ShareLinks, Label: i18n.Key("Share links")},
				{Value: permission.ShareAttachments, Label: i18n.Key("Share attachments")},
				{Value: permission.AllowMentions, Label: i18n.Key("Mention members")},
				{Value: permission.PostAnalysis, Label: i18n.Key("Post chart analysis")},
				{Value: permission.Pinable, Label: i18n.Key("Pin messages")},
				{Value: permission.ManageMessages, Label: i18n.Key("Edit messages of others")},
				{Value: permission.DeleteMessages, Label: i18n.Key("Delete messages of others")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.ManageChannels).Get("/channels", h.showChannels),
		ui.InCommunity(permission.ManageChannels).Post("/channels", h.createChannel),
		ui.InCommunity(permission.ManageChannels).Get("/channels/new", h.showNewChannel),
		ui.InCommunity(permission.ManageCommunity).Post("/channels/origins", h.changeOrigins),
		ui.InCommunity(permission.ManageChannels).Post("/channels/categories", h.createCategory),
		ui.InCommunity(permission.ManageChannels).Get("/channels/categories/{category}", h.showCategory),
		ui.InCommunity(permission.ManageChannels).Post("/channels/categories/{category}", h.changeCategory),
		ui.InCommunity(permission.ManageChannels).Post("/channels/categories/{category}/move", h.moveCategory),
		ui.InCommunity(permission.ManageChannels).Post("/channels/categories/{category}/delete", h.deleteCategory),
		ui.InCommunity(permission.ManageChannels).Get("/channels/{channel}", h.showChannel),
		ui.InCommunity(permission.ManageChannels).Post("/channels/{channel}", h.changeChannel),
		ui.InCommunity(permission.ViewChannels).Get("/channels/{channel}/view", h.showFrame),
		ui.InCommunity(permission.ManageChannels).Post("/channels/{channel}/move", h.moveChannel),
		ui.InCommunity(permission.ManageChannels).Post("/channels/{channel}/place", h.placeChannel),
		ui.InCommunity(permission.ManageChannels).Get("/channels/{channel}/permissions", h.showOverrides),
		ui.InCommunity(permission.ManageChannels).Post("/channels/{channel}/permissions", h.changeOverrides),
		ui.InCommunity(permission.ManageChannels).Post("/channels/{channel}/delete", h.deleteChannel),
	}
}
