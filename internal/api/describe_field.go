package api

const historyText = "What was recorded, newest first; then what members were created with, as rows of the source `created` whose `validFrom` is when they joined. `from` and `to` choose by `validFrom`. A part may have fewer rows than `limit`: go on until `nextCursor` is null."

// fieldDescriptions are the descriptions of operations on fields and histories.
var fieldDescriptions = map[string]string{
	"updateUserField": "What is left out stays as it is. Another type or other options convert every member's value, each with a row in the history; 409 `values_do_not_fit` or `option_in_use` when one cannot be converted, and nothing is changed. 409 `not_unique` when an identifier would not be unique, `field_busy` while a job is at work on the values, `default_field` for a default field.\n\n" +
		"In a community of more than some thousand members a job does the work: `work` tells how far it is, and values cannot be changed until it is done, except while an index is filled.",
	"deleteUserField":        "Deletes the values too; the history stays. 409 `confirm_needed` names how many members have a value.",
	"listHistories":          historyText,
	"listFieldHistories":     "Also of a field that was deleted. " + historyText,
	"listUserHistories":      historyText,
	"listUserFieldHistories": historyText,
	"createHistory":          "The field has the value from now on; `at` says since when it was so. The member is yourself or stands below you: 403 `rank_too_low`. 409 `value_unchanged` when it has the value already, `identifier_taken` or `username_taken` when another member has it, `account_shared` for the username of a claimed member, which changes with the account, `field_busy` while all values of the field are being converted.",
	"revertHistory":          "Puts the old value back as a new change, whatever happened since. The member is yourself or stands below you: 403 `rank_too_low`. Of roles it takes back what the change gave and gives back what it took, and leaves the others: that needs the permission `roles` too, and the ranks as for adding a role. What a member was created with was no change and has nothing before it: 404. 409 `field_gone` when the field was deleted, `value_does_not_fit` when it would not take the value any more, `value_unchanged` when it has it already.",
}
