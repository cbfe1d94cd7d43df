// Package key has the pages of API keys of communities and persons.
package key

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access   *access.Access
	Accounts *signin.Accounts
	Chat     *chat.Chat
	Clock    clock.Clock
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
			{Key: "api-keys", Label: i18n.Key("API keys"), Icon: "key-round", Path: "/api-keys", Noun: ui.Integrations, Order: 10, Need: permission.APIKeys},
		},
		AccountNav: []ui.NavItem{
			{Label: i18n.Key("API keys"), Path: ui.OwnKeysPath, Order: 10},
		},
		Actions: []ui.Action{
			{Icon: "plus", Label: i18n.Key("New API key"), Path: "/api-keys/new", Need: permission.APIKeys},
		},
		Audit: auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.Webhooks), Label: i18n.Key("Events"), Help: i18n.Key("Read the events of the community.")},
				{Value: string(permission.APIKeys), Label: i18n.Key("API keys"), Help: i18n.Key("Create keys with at most the permissions of this one.")},
				{Value: string(actor.PermAll), Label: i18n.Key("Everything"), Help: i18n.Key("All of these and whatever is added later, but not signing members in.")},
			},
			CommunityKey: []ui.Permission{
				{Value: string(actor.PermSignIn), Label: i18n.Key("Sign members in"), Help: i18n.Key("For a system that has authenticated them. Never for members with permissions in the community.")},
			},
			Server: []ui.Permission{
				{Value: permission.ManageIntegrations, Label: i18n.Key("Manage integrations"), Help: i18n.Key("Read the events of the community.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.APIKeys).Get("/api-keys", h.showKeys),
		ui.InCommunity(permission.APIKeys).Get("/api-keys/new", h.showNewKey),
		ui.InCommunity(permission.APIKeys).Post("/api-keys", h.createKey),
		ui.InCommunity(permission.APIKeys).Get("/api-keys/{key}", h.showKey),
		ui.InCommunity(permission.APIKeys).Post("/api-keys/{key}", h.changeKey),
		ui.InCommunity(permission.APIKeys).Post("/api-keys/{key}/rotate", h.rotateKey),
		ui.InCommunity(permission.APIKeys).Post("/api-keys/{key}/take-over", h.transferKey),
		ui.InCommunity(permission.APIKeys).Post("/api-keys/{key}/delete", h.deleteKey),
		ui.Oneself.Get(ui.OwnKeysPath, h.showOwnKeys),
		ui.Oneself.Post(ui.OwnKeysPath, h.createOwnKey),
		ui.Oneself.Get("/account/api-keys/{key}", h.showOwnKey),
		ui.Oneself.Post("/account/api-keys/{key}", h.changeOwnKey),
		ui.Oneself.Post("/account/api-keys/{key}/delete", h.deleteOwnKey),
	}
}
