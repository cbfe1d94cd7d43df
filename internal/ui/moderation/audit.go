package moderation

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "invite", Label: i18n.Key("Invites")}, {Value: "penalty", Label: i18n.Key("Penalties")}, {Value: "transfer", Label: i18n.Key("Transfers")}},
	Actions: []ui.Choice{
		{Value: "invite.create", Label: i18n.Key("The invite %s was created")},
		{Value: "invite.revoke", Label: i18n.Key("The invite %s was revoked")},
		{Value: "penalty.create", Label: i18n.Key("A penalty was imposed on the member %s")},
		{Value: "penalty.lift", Label: i18n.Key("A penalty of %s was lifted")},
		{Value: "transfer.accept", Label: i18n.Key("%s accepted the community")},
		{Value: "transfer.cancel", Label: i18n.Key("The offer of the community to %s was cancelled")},
		{Value: "transfer.create", Label: i18n.Key("The community was offered to %s")},
		{Value: "transfer.decline", Label: i18n.Key("%s declined the community")},
		{Value: "transfer.expire", Label: i18n.Key("The offer of the community to %s expired")},
		{Value: "transfer.withdraw", Label: i18n.Key("The offer of the community to %s was withdrawn")},
	},
	Fields: []ui.Choice{
		{Value: "invite", Label: i18n.Key("Invite")},
	},
	Values: map[string][]ui.Choice{
		"kind": {{Value: "warn", Label: i18n.Key("Warning")}, {Value: "suspend", Label: i18n.Key("Suspension")}, {Value: "kick", Label: i18n.Key("Kick")}, {Value: "ban", Label: i18n.Key("Ban")}},
	},
}
