package progress

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "xp_settings", Label: i18n.Key("XP rules")}},
	Actions: []ui.Choice{
		{Value: "xp_settings.update", Label: i18n.Key("The XP rules were changed")},
	},
}
