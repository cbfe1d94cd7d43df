package member

import (
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "user", Label: i18n.Key("Members")}, {Value: "note", Label: i18n.Key("Notes")}},
	Actions: []ui.Choice{
		{Value: "note.create", Label: i18n.Key("A note on %s was created")},
		{Value: "note.delete", Label: i18n.Key("A note on %s was deleted")},
		{Value: "note.update", Label: i18n.Key("A note on %s was updated")},
		{Value: "user.accept", Label: i18n.Key("The member %s accepted the membership")},
		{Value: "user.add_owner", Label: i18n.Key("The member %s became an owner")},
		{Value: "user.add_role", Label: i18n.Key("A role was assigned to the member %s")},
		{Value: "user.change_avatar", Label: i18n.Key("The picture of %s was replaced")},
		{Value: "user.create", Label: i18n.Key("The member %s was created")},
		{Value: "user.decline", Label: i18n.Key("A person declined the membership")},
		{Value: "user.delete", Label: i18n.Key("The member %s was deleted")},
		{Value: "user.invite", Label: i18n.Key("The member %s was invited again")},
		{Value: "user.join", Label: i18n.Key("The member %s joined")},
		{Value: "user.leave", Label: i18n.Key("The member %s left")},
		{Value: "user.remove_owner", Label: i18n.Key("The member %s is no longer an owner")},
		{Value: "user.remove_role", Label: i18n.Key("A role was removed from the member %s")},
		{Value: "user.restore", Label: i18n.Key("The member %s was restored")},
		{Value: "user.update", Label: i18n.Key("The member %s was updated")},
	},
	Fields: []ui.Choice{
		{Value: "language", Label: i18n.Key("Language")},
		{Value: "owner", Label: i18n.Key("Owner")},
		{Value: "role", Label: i18n.Key("Role")},
		{Value: "state", Label: i18n.Key("Membership")},
		{Value: "tag", Label: i18n.Key("Tag")},
	},
	Values: map[string][]ui.Choice{
		"state": {{Value: "active", Label: i18n.Key("Member")}, {Value: "pending", Label: i18n.Key("Pending")}, {Value: "left", Label: i18n.Key("Left")}, {Value: "deleted", Label: i18n.Key("Deleted")}, {Value: "banned", Label: i18n.Key("Banned")}},
	},
}
