package api

import "github.com/danielgtaylor/huma/v2"

// fieldTexts describe the parts of schemas whose types belong to features, by
// schema and field.
var fieldTexts = map[string]map[string]string{
	"BulkJob": {
		"type":          "import, update, premium_currency or undo.",
		"status":        "queued, running, completed, completed_with_errors (some rows failed), failed (it could not go on, see error), cancelled or undone.",
		"dryRun":        "It reads everything and changes nothing.",
		"planJobId":     "The dry run whose plan this job applies.",
		"undoOf":        "The job that this one takes back.",
		"detected":      "What the file turned out to be.",
		"counts":        "How many rows had which outcome so far.",
		"percent":       "0 to 100; null while unknown.",
		"rowsPerSecond": "Since the job started.",
		"etaSeconds":    "How long it will still take; null while unknown.",
		"error":         "Why it could not go on; absent otherwise.",
		"createdBy":     "The name of the person or key that started it.",
		"startedAt":     "null until it starts.",
		"finishedAt":    "null until it ends.",
	},
	"RowCounts": {
		"read":      "created + updated + unchanged + skipped + failed.",
		"unchanged": "The row says what is there already.",
		"skipped":   "Excluded by mode, or an empty row.",
		"failed":    "Nothing of the row was applied.",
	},
	"BulkRow": {
		"line":       "The physical line on which the row starts, the first is 1; in a spreadsheet the row of the sheet.",
		"identifier": "What the row was found by; empty, like all values of the row, if the person was erased or declined after the upload.",
		"userId":     "The _id of the member it is about.",
		"changes":    "Every field that got another value, or would get it in a dry run.",
		"errors":     "Why it failed.",
	},
	"FieldChange": {
		"field": "The database name of the field.",
		"old":   "A value of the field's type; null when it was unset.",
		"new":   "A value of the field's type; null when it is cleared.",
	},
	"RowProblem": {
		"column": "The header of the column; empty when it is about the whole row.",
		"code":   "A stable name in snake_case.",
		"value":  "What the cell held.",
	},
	"DetectedFile": {
		"format":    "csv or xlsx.",
		"container": "gzip or zip; absent when the table is not packed.",
		"encoding":  "utf-8, utf-8-bom, utf-16le, utf-16be or windows-1252; absent for a workbook.",
		"delimiter": "Absent for a workbook.",
		"sep":       "The first line is sep=.",
		"sheet":     "The sheet that is read.",
		"entry":     "The table inside the zip.",
	},
}

// explain adds the texts to the document.
func explain(schemas huma.Registry) {
	for name, fields := range fieldTexts {
		for field, text := range fields {
			schemas.Map()[name].Properties[field].Description = text
		}
	}
}
