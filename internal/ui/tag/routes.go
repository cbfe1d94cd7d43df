// Package tag has the pages of tags.
package tag

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Members *roster.Roster
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
			{Key: "tags", Label: i18n.Key("Tags"), Icon: "tag", Path: "/tags", Noun: ui.Members, Order: 60, Need: permission.UserFields},
		},
		Actions: []ui.Action{
			{Icon: "plus", Label: i18n.Key("New tag"), Path: "/tags/new", Need: permission.UserFields},
		},
		Search: ui.Search{Need: permission.UserFields, Find: h.search},
		Audit:  auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.UserFields).Get("/tags", h.showTags),
		ui.InCommunity(permission.UserFields).Get("/tags/new", h.showNewTag),
		ui.InCommunity(permission.UserFields).Post("/tags", h.createTag),
		ui.InCommunity(permission.UserFields).Get("/tags/{tag}", h.showTag),
		ui.InCommunity(permission.UserFields).Post("/tags/{tag}", h.renameTag),
		ui.InCommunity(permission.UserFields).Get("/tags/{tag}/merge", h.showMerge),
		ui.InCommunity(permission.UserFields).Post("/tags/{tag}/merge", h.mergeTag),
		ui.InCommunity(permission.UserFields).Post("/tags/{tag}/delete", h.deleteTag),
	}
}

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "tag", Label: i18n.Key("Tags")}},
	Actions: []ui.Choice{
		{Value: "tag.create", Label: i18n.Key("The tag %s was created")},
		{Value: "tag.delete", Label: i18n.Key("The tag %s was deleted")},
		{Value: "tag.merge", Label: i18n.Key("The tag %s was merged into another one")},
		{Value: "tag.update", Label: i18n.Key("The tag %s was renamed")},
	},
	Fields: []ui.Choice{
		{Value: "mergedInto", Label: i18n.Key("Merged into")},
	},
}
