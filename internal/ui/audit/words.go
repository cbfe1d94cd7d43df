package audit

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Fields: []ui.Choice{
		{Value: "description", Label: i18n.Key("Description")},
		{Value: "kind", Label: i18n.Key("Kind")},
		{Value: "name", Label: i18n.Key("Name")},
		{Value: "reason", Label: i18n.Key("Reason")},
		{Value: "type", Label: i18n.Key("Type")},
		{Value: "until", Label: i18n.Key("Until")},
	},
}

// overrideValues are the values of an override of a channel.
var overrideValues = []ui.Choice{{Value: "allow", Label: i18n.Key("Allowed")}, {Value: "deny", Label: i18n.Key("Denied")}}
