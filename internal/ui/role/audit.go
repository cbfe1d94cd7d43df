package role

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "role", Label: i18n.Key("Roles")}},
	Actions: []ui.Choice{
		{Value: "role.create", Label: i18n.Key("The role %s was created")},
		{Value: "role.delete", Label: i18n.Key("The role %s was deleted")},
		{Value: "role.update", Label: i18n.Key("The role %s was updated")},
	},
	Fields: []ui.Choice{
		{Value: "billable", Label: i18n.Key("Billable")},
		{Value: "class", Label: i18n.Key("Colour")},
		{Value: "order", Label: i18n.Key("Rank")},
		{Value: "title", Label: i18n.Key("Title")},
	},
}
