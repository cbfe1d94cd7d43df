package signin

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "session", Label: i18n.Key("Sign-ins by other systems")}},
	Actions: []ui.Choice{
		{Value: "session.link", Label: i18n.Key("A sign-in link was created for %s")},
	},
	Fields: []ui.Choice{
		{Value: "host", Label: i18n.Key("Asked for by")},
	},
}
