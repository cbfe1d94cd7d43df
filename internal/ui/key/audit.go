package key

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "api_key", Label: i18n.Key("API keys")}},
	Actions: []ui.Choice{
		{Value: "api_key.create", Label: i18n.Key("The API key %s was created")},
		{Value: "api_key.delete", Label: i18n.Key("The API key %s was deleted")},
		{Value: "api_key.rotate", Label: i18n.Key("The API key %s was rotated")},
		{Value: "api_key.update", Label: i18n.Key("The API key %s was updated")},
	},
	Fields: []ui.Choice{
		{Value: "expiresAt", Label: i18n.Key("Ends")},
		{Value: "oldUntil", Label: i18n.Key("Old key works until")},
		{Value: "isActive", Label: i18n.Key("Switched on")},
		{Value: "permissions", Label: i18n.Key("Permissions")},
	},
}
