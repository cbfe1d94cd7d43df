package field

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "field", Label: i18n.Key("Fields")}},
	Actions: []ui.Choice{
		{Value: "field.create", Label: i18n.Key("The field %s was created")},
		{Value: "field.delete", Label: i18n.Key("The field %s was deleted")},
		{Value: "field.order", Label: i18n.Key("The order of the fields was changed")},
		{Value: "field.update", Label: i18n.Key("The field %s was updated")},
	},
	Fields: []ui.Choice{
		{Value: "defaultValue", Label: i18n.Key("Value of new members")},
		{Value: "filterable", Label: i18n.Key("Filterable")},
		{Value: "identifier", Label: i18n.Key("Identifies a member")},
		{Value: "options", Label: i18n.Key("Options")},
		{Value: "required", Label: i18n.Key("Required")},
	},
	Values: map[string][]ui.Choice{
		"type": ui.FieldTypeNames,
	},
}
