package api

const historyText = "What was recorded, newest first; then what members were created with, as rows of the source `created` whose `validFrom` is when they joined. `from` and `to` choose by `validFrom`. A part may have fewer rows than `limit`: go on until `nextCursor` is null."

// fieldDescriptions are the descriptions of operations on fields and histories.
var fieldDescriptions = map[string]string{
	"listHistories":          historyText,
	"listFieldHistories":     "Also of a field that was deleted. " + historyText,
	"listUserHistories":      historyText,
	"listUserFieldHistories": historyText,
	"createHistory":          "The field has the value from now on; `at` says since when it was so. 409 `value_unchanged` when it has the value already, `identifier_taken` when another member has it, `field_busy` while all values of the field are being converted.",
	"revertHistory":          "Puts the old value back as a new change, whatever happened since. 409 `field_gone` when the field was deleted, `value_does_not_fit` when it would not take the value any more, `value_unchanged` when it has it already.",
}
