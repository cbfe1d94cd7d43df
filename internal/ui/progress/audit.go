package progress

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "entry", Label: i18n.Key("Entry of the ledger")}, {Value: "hold", Label: i18n.Key("Hold on a balance")}, {Value: "tiers", Label: i18n.Key("Tiers")}, {Value: "xp_settings", Label: i18n.Key("XP rules")}},
	Actions: []ui.Choice{
		{Value: "entry.create", Label: i18n.Key("An entry was posted")},
		{Value: "entry.reverse", Label: i18n.Key("An entry was reversed")},
		{Value: "hold.create", Label: i18n.Key("An amount was held")},
		{Value: "hold.capture", Label: i18n.Key("A hold was captured")},
		{Value: "hold.release", Label: i18n.Key("A hold was released")},
		{Value: "tiers.update", Label: i18n.Key("The tiers were changed")},
		{Value: "xp_settings.update", Label: i18n.Key("The XP rules were changed")},
	},
}
