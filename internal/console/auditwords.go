package console

import "github.com/regulars/regulars/internal/i18n"

// auditActions say what was done in words, by the action of the log. An action
// that is missing here is shown by its name.
var auditActions = []Choice{
	{"api_key.create", i18n.Key("API key made")},
	{"api_key.delete", i18n.Key("API key deleted")},
	{"api_key.update", i18n.Key("API key changed")},
	{"category.create", i18n.Key("Category made")},
	{"category.delete", i18n.Key("Category deleted")},
	{"category.update", i18n.Key("Category changed")},
	{"channel.create", i18n.Key("Channel made")},
	{"channel.delete", i18n.Key("Channel deleted")},
	{"channel.override", i18n.Key("Permissions of the channel changed")},
	{"channel.update", i18n.Key("Channel changed")},
	{"community.create", i18n.Key("Community made")},
	{"community.delete", i18n.Key("Community deleted")},
	{"community.restore", i18n.Key("Community restored")},
	{"community.update", i18n.Key("Settings changed")},
	{"field.create", i18n.Key("Field made")},
	{"field.delete", i18n.Key("Field deleted")},
	{"field.order", i18n.Key("Order of the fields changed")},
	{"field.update", i18n.Key("Field changed")},
	{"invite.create", i18n.Key("Invite made")},
	{"invite.revoke", i18n.Key("Invite taken back")},
	{"penalty.create", i18n.Key("Penalty given")},
	{"penalty.lift", i18n.Key("Penalty lifted")},
	{"role.create", i18n.Key("Role made")},
	{"role.delete", i18n.Key("Role deleted")},
	{"role.update", i18n.Key("Role changed")},
	{"session.link", i18n.Key("Link to sign in made")},
	{"user.add_role", i18n.Key("Role given")},
	{"user.change_avatar", i18n.Key("Picture changed")},
	{"user.create", i18n.Key("Member made")},
	{"user.delete", i18n.Key("Member deleted")},
	{"user.join", i18n.Key("Member joined")},
	{"user.leave", i18n.Key("Member left")},
	{"user.remove_role", i18n.Key("Role taken away")},
	{"user.restore", i18n.Key("Member restored")},
	{"user.update", i18n.Key("Member changed")},
}
