package bulk

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "bulk_job", Label: i18n.Key("Jobs")}, {Value: "member", Label: i18n.Key("Export")}},
	Actions: []ui.Choice{
		{Value: "bulk_job.cancel", Label: i18n.Key("The job %s was cancelled")},
		{Value: "bulk_job.start", Label: i18n.Key("The job %s was started")},
		{Value: "member.export", Label: i18n.Key("The members were exported")},
	},
	Fields: []ui.Choice{
		{Value: "count", Label: i18n.Key("Number")},
	},
}
