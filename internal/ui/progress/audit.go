package progress

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "tiers", Label: i18n.Key("Tiers")}, {Value: "xp_settings", Label: i18n.Key("XP rules")}},
	Actions: []ui.Choice{
		{Value: "tiers.update", Label: i18n.Key("The tiers were changed")},
		{Value: "xp_settings.update", Label: i18n.Key("The XP rules were changed")},
	},
}
