package installation

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Actions: []ui.Choice{
		{Value: "mail.stop", Label: i18n.Key("Mails of %s to new addresses were stopped")},
		{Value: "account.sign_out", Label: i18n.Key("%s was signed out everywhere")},
	},
}

// actionsShown is the number of recent actions on a page.
const actionsShown = 5

// recentActions returns the latest actions of a noun, which has a dot at its end,
// in the audit log of the installation.
func (h *handlers) recentActions(v *ui.Request, p ui.Page, noun string) (rows []ActionRow, err error) {
	entries, _, err := h.Installation.AuditLog(v.Context(), v.Actor, audit.Filter{Action: noun, Limit: actionsShown})
	for _, e := range entries {
		sentence := ui.Label(auditTexts.Actions, string(e.Action))
		rows = append(rows, ActionRow{Text: p.Reader.T(sentence, e.Target.Name), Actor: e.ActorName, At: e.At})
	}
	return rows, err
}
