package home

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "community", Label: i18n.Key("Settings")}},
	Actions: []ui.Choice{
		{Value: "community.create", Label: i18n.Key("The community %s was created")},
		{Value: "community.delete", Label: i18n.Key("The community %s was deleted")},
		{Value: "community.restore", Label: i18n.Key("The community %s was restored")},
		{Value: "community.update", Label: i18n.Key("The settings of %s were updated")},
	},
	Fields: []ui.Choice{
		{Value: "accent", Label: i18n.Key("Colour")},
		{Value: "alertWords", Label: i18n.Key("Alert words")},
		{Value: "bannedWords", Label: i18n.Key("Banned words")},
		{Value: "coins", Label: i18n.Key("Coins")},
		{Value: "premium", Label: i18n.Key("Premium currency")},
		{Value: "defaultCountry", Label: i18n.Key("Default country")},
		{Value: "editWindow", Label: i18n.Key("Time to edit, in seconds")},
		{Value: "erasureOfMessages", Label: i18n.Key("Messages of erased members")},
		{Value: "icon", Label: i18n.Key("Icon")},
		{Value: "languages", Label: i18n.Key("Languages")},
		{Value: "logo", Label: i18n.Key("Logo")},
		{Value: "openBulkImport", Label: i18n.Key("Open import")},
		{Value: "policy", Label: i18n.Key("Who may join")},
		{Value: "requiredFields", Label: i18n.Key("Required to join")},
		{Value: "timeZone", Label: i18n.Key("Time zone")},
	},
	Values: map[string][]ui.Choice{
		"erasureOfMessages": {{Value: "anonymise", Label: i18n.Key("Stay without an author")}, {Value: "delete", Label: i18n.Key("Are deleted")}},
		"policy":            {{Value: "open", Label: i18n.Key("Open to all")}, {Value: "invite", Label: i18n.Key("With an invite")}},
	},
}
