package bulk

// fieldTexts describe the fields of types of bulk and sheet, by schema and field.
var fieldTexts = map[string]map[string]string{
	"BulkJob": {
		"type":          "import, update, premium_currency or undo.",
		"status":        "queued, running, completed, completed_with_errors (some rows failed), failed (see error), cancelled or undone.",
		"dryRun":        "The job makes no changes.",
		"planJobId":     "The dry run whose plan this job applies.",
		"undoOf":        "The job that this one undoes.",
		"detected":      "The detected format of the file.",
		"counts":        "The number of rows by outcome so far.",
		"percent":       "0 to 100; null while unknown.",
		"rowsPerSecond": "Since the job started.",
		"etaSeconds":    "The estimated remaining time; null while unknown.",
		"error":         "Why it failed; absent otherwise.",
		"createdBy":     "The name of the person or key that started it.",
		"startedAt":     "null until it starts.",
		"finishedAt":    "null until it ends.",
	},
	"RowCounts": {
		"read":      "created + updated + unchanged + skipped + failed.",
		"unchanged": "The row has no changes.",
		"skipped":   "Excluded by mode, or an empty row.",
		"failed":    "Nothing of the row was applied.",
	},
	"BulkRow": {
		"line":       "The physical line on which the row starts, the first is 1; in a spreadsheet the row of the sheet.",
		"identifier": "The value that matched the row to a member; empty, like all values of the row, if the person was erased or declined after the upload.",
		"userId":     "The _id of the member.",
		"changes":    "The changed fields; in a dry run the planned changes.",
		"errors":     "Why the row failed.",
	},
	"FieldChange": {
		"field": "The database name of the field.",
		"old":   "A value of the field's type; null: unset.",
		"new":   "A value of the field's type; null: cleared.",
	},
	"RowProblem": {
		"column": "The header of the column; empty for an error of the whole row.",
		"code":   "A stable name in snake_case.",
		"value":  "The value of the cell.",
	},
	"DetectedFile": {
		"format":             "csv, xlsx or ods.",
		"container":          "gzip or zip; absent for a plain file.",
		"encoding":           "utf-8, utf-8-bom, or another name of the WHATWG Encoding Standard; absent for a workbook.",
		"delimiter":          "Absent for a workbook.",
		"encodingConfidence": "From 0 to 1, of an encoding that was guessed by its letters; absent if it is declared or proven.",
		"sep":                "true if the first line is sep=.",
		"sheet":              "The name of the sheet.",
		"entry":              "The table inside the zip.",
		"headerLine":         "The line of the header, from 1; in a workbook the row of the sheet.",
	},
}
