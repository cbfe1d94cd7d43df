package console

import "github.com/regulars/regulars/internal/i18n"

// auditActions say what was done, by the action of the log; %s is to whom or
// what. An action that is missing here is shown by its name.
var auditActions = []Choice{
	{"api_key.create", i18n.Key("The API key %s was made")},
	{"api_key.delete", i18n.Key("The API key %s was deleted")},
	{"api_key.rotate", i18n.Key("The API key %s was rotated")},
	{"api_key.update", i18n.Key("The API key %s was changed")},
	{"bulk_job.cancel", i18n.Key("The job %s was cancelled")},
	{"bulk_job.start", i18n.Key("The job %s was started")},
	{"category.create", i18n.Key("The category %s was made")},
	{"category.delete", i18n.Key("The category %s was deleted")},
	{"category.update", i18n.Key("The category %s was changed")},
	{"channel.create", i18n.Key("The channel %s was made")},
	{"channel.delete", i18n.Key("The channel %s was deleted")},
	{"channel.override", i18n.Key("The permissions of the channel %s were changed")},
	{"channel.update", i18n.Key("The channel %s was changed")},
	{"community.create", i18n.Key("The community %s was made")},
	{"community.delete", i18n.Key("The community %s was deleted")},
	{"community.restore", i18n.Key("The community %s was restored")},
	{"community.update", i18n.Key("The settings of %s were changed")},
	{"field.create", i18n.Key("The field %s was made")},
	{"field.delete", i18n.Key("The field %s was deleted")},
	{"field.order", i18n.Key("The order of the fields was changed")},
	{"field.update", i18n.Key("The field %s was changed")},
	{"invite.create", i18n.Key("The invite %s was made")},
	{"invite.revoke", i18n.Key("The invite %s was taken back")},
	{"mail.stop", i18n.Key("Mails of %s to new addresses were stopped")},
	{"member.export", i18n.Key("The members were exported")},
	{"penalty.create", i18n.Key("The member %s was given a penalty")},
	{"penalty.lift", i18n.Key("A penalty of %s was lifted")},
	{"role.create", i18n.Key("The role %s was made")},
	{"role.delete", i18n.Key("The role %s was deleted")},
	{"role.update", i18n.Key("The role %s was changed")},
	{"session.link", i18n.Key("A link to sign in was made for %s")},
	{"tag.create", i18n.Key("The tag %s was made")},
	{"tag.delete", i18n.Key("The tag %s was deleted")},
	{"transfer.accept", i18n.Key("%s accepted the community")},
	{"transfer.cancel", i18n.Key("The offer of the community to %s was cancelled")},
	{"transfer.create", i18n.Key("The community was offered to %s")},
	{"transfer.decline", i18n.Key("%s declined the community")},
	{"transfer.expire", i18n.Key("The offer of the community to %s expired")},
	{"transfer.withdraw", i18n.Key("The offer of the community to %s was withdrawn")},
	{"user.add_owner", i18n.Key("The member %s became an owner")},
	{"user.add_role", i18n.Key("The member %s was given a role")},
	{"user.change_avatar", i18n.Key("The picture of %s was changed")},
	{"user.create", i18n.Key("The member %s was made")},
	{"user.delete", i18n.Key("The member %s was deleted")},
	{"user.join", i18n.Key("The member %s joined")},
	{"user.leave", i18n.Key("The member %s left")},
	{"user.remove_owner", i18n.Key("The member %s is no longer an owner")},
	{"user.remove_role", i18n.Key("The member %s lost a role")},
	{"user.restore", i18n.Key("The member %s was restored")},
	{"user.update", i18n.Key("The member %s was changed")},
}

// auditFields are what changed, by the name that programs know it by.
var auditFields = []Choice{
	{"accent", i18n.Key("Colour")},
	{"allowedFrameOrigins", i18n.Key("Sites that channels may show")},
	{"billable", i18n.Key("Billable")},
	{"categoryId", i18n.Key("Category")},
	{"channelType", i18n.Key("Kind")},
	{"class", i18n.Key("Colour")},
	{"coins", i18n.Key("Coins")},
	{"count", i18n.Key("Number")},
	{"premium", i18n.Key("Premium currency")},
	{"defaultValue", i18n.Key("Value of new members")},
	{"description", i18n.Key("Description")},
	{"expiresAt", i18n.Key("Ends")},
	{"oldUntil", i18n.Key("Old key works until")},
	{"filterable", i18n.Key("Filterable")},
	{"host", i18n.Key("Asked for by")},
	{"icon", i18n.Key("Icon")},
	{"identifier", i18n.Key("Identifies a member")},
	{"invite", i18n.Key("Invite")},
	{"isActive", i18n.Key("Switched on")},
	{"kind", i18n.Key("Kind")},
	{"language", i18n.Key("Language")},
	{"languages", i18n.Key("Languages")},
	{"logo", i18n.Key("Logo")},
	{"name", i18n.Key("Name")},
	{"openBulkImport", i18n.Key("Open import")},
	{"options", i18n.Key("Options")},
	{"order", i18n.Key("Rank")},
	{"owner", i18n.Key("Owner")},
	{"permissions", i18n.Key("Permissions")},
	{"policy", i18n.Key("Who may join")},
	{"position", i18n.Key("Place")},
	{"private", i18n.Key("Private")},
	{"reason", i18n.Key("Reason")},
	{"required", i18n.Key("Required")},
	{"requiredFields", i18n.Key("Asked for to join")},
	{"role", i18n.Key("Role")},
	{"state", i18n.Key("Membership")},
	{"tag", i18n.Key("Tag")},
	{"timeZone", i18n.Key("Time zone")},
	{"title", i18n.Key("Title")},
	{"topic", i18n.Key("Topic")},
	{"type", i18n.Key("Type")},
	{"until", i18n.Key("Until")},
	{"url", i18n.Key("Address of the page")},
}

// auditValues are values that have words of their own.
var auditValues = []Choice{
	{"allow", i18n.Key("Allowed")},
	{"deny", i18n.Key("Denied")},
	{"open", i18n.Key("Whoever wants")},
	{"invite", i18n.Key("Whoever has an invite")},
	{"active", i18n.Key("Member")},
	{"pending", i18n.Key("Not here yet")},
	{"left", i18n.Key("Left")},
	{"deleted", i18n.Key("Deleted")},
	{"banned", i18n.Key("Banned")},
	{"warn", i18n.Key("Warning")},
	{"suspend", i18n.Key("Suspension")},
	{"kick", i18n.Key("Removal")},
	{"ban", i18n.Key("Ban")},
}

// phrase is the label of a value, or the value itself when it has none.
func phrase(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	return value
}
