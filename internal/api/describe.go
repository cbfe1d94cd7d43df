package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/bulk"
)

// The codes of bulk operations, by what they need.
const (
	uploadFailures = "No job is started, and the code says why. 400: `missing_file`, `several_files`, `empty_file`, `no_header`, `bad_header`, `invalid_header`, `no_identifying_column`, `too_many_columns`, `several_tables`, `no_sheet`, `damaged_file`, `upload_truncated`, `notify_needs_person`. 409 `storage_quota_reached`: the kept files of the community use its quota. 413: `file_too_large`, `zip_bomb`. 415: `unsupported_type`, `not_text`, `not_a_table`, `no_table`, `encrypted_file`. 429 `rate_limited`: too many uploads at a time. 503 `files_busy`: too many files are inspected. 503 `disk_full`: the disk of the server is full."
	fileFailures   = "410 `expired`: the file is no longer kept; `damaged_file`: it is missing or differs from the upload. 503 `files_busy`: too many files are inspected."
)

// descriptions say what the summary, the fields and the answers do not, by the
// name of the operation.
var descriptions = map[string]string{
	"importUsers": "Creates members and changes those who are there, found by Email, else by Username. The answer comes as soon as the file is safe; a job works it off, every row has an outcome, and one bad row never stops the others.\n\n" +
		"CSV (UTF-8, UTF-16 or Windows-1252; `,` `;` tab or `|`), `.xlsx`, `.gz` and `.zip` are taken and detected. An empty cell leaves a value as it is, `__CLEAR__` clears it. The template names the headers.\n\n" +
		"Without a credential this works only where the community's setting `openBulkImport` is on, with smaller files and without options.\n\n" + uploadFailures,
	"updateUsers":       "Changes members who are there, found by `email`, `username`, `user_id` or an identifier field; nobody is created. Send only the columns to change. A numerical column is preceded by `<field>_op` with `add`, `subtract` or `overwrite`; the others overwrite." + " " + uploadFailures,
	"getImportTemplate": "The header line of a file to import: the default fields, then the community's own.",
	"listBulkJobs":      "The API log: newest first.",
	"getBulkJob":        "`read = created + updated + unchanged + skipped + failed` holds at every moment, in dry runs too.",
	"listBulkRows":      "Every row of the file has an outcome and can be asked for by its line. In a dry run the outcomes say what would happen. 400 `invalid_cursor`: the cursor is not one of this list. " + fileFailures,
	"getFailedRows":     "The failed rows with their original columns, delimiter and encoding, plus `_line`, `_error_column`, `_error_code` and `_error_message`. It can be corrected and uploaded again as it is. " + fileFailures,
	"streamBulkJob":     "Server-sent events: `progress` with the status object, at most four a second, and `done` as the last event. A stream whose right has ended closes with `dropped` `{code, message}`. 429 `too_many_streams` of one account or key, 503 `streams_busy` of the server.",
	"cancelBulkJob":     "Rows that were applied stay applied; undo takes them back. 409 `job_finished`: the job has ended.",
	"applyBulkJob":      "Runs exactly what the dry run said, as a new job. 409 `plan_stale` when a field, role, tag or setting changed since, or the plan is over 24 hours old; a row whose plan now differs fails with `plan_stale`. 409 `not_a_plan`: the job is no complete dry run; `plan_running`: the dry run has not ended; `already_applied`: undo the job that applied it first. " + fileFailures,
	"undoBulkJob":       "Takes back what an import or update did, as a new job of type `undo`: members it created go, changed fields return, except those changed since. 409 `not_undoable`: the job is a dry run, an undo, or not ended; `undo_running`: it is being undone. 410 `expired`: the details of its rows are no longer kept.",
	"deleteTag":         "Takes the tag from every member too.",
	"createRole":        "Permissions that are not named are not given. Permissions of several roles add up.",
	"listRoles":         "The highest first, `@all` last.",
	"getUserData":       "Finds a member by `_id`, number, email address or username.",
	"listUserFields":    "The default fields, which every community has, then its own.",
	"createUserField":   "`field` and `name` are unique in the community and are not the name of a default field, of what is known of every member (`xp`, `coins`, `user_id` and the like), or of a column that files have for themselves (`_line`, `..._op`).",
}

// texts are the descriptions of all areas.
var texts = []map[string]string{descriptions, authDescriptions, totpDescriptions, serverDescriptions, fieldDescriptions, roleDescriptions, userDescriptions}

func describe(rt *route) string {
	for _, area := range texts {
		if text, ok := area[rt.name]; ok {
			return text
		}
	}
	return ""
}

func describeImport(op *huma.Operation, schemas huma.Registry) {
	describeUpload(op, schemas, bulk.Import)
}

func describeUpdate(op *huma.Operation, schemas huma.Registry) {
	describeUpload(op, schemas, bulk.Update)
}

func describeUpload(op *huma.Operation, schemas huma.Registry, kind bulk.Type) {
	text := func(description string, allowed ...any) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description, Enum: allowed}
	}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"data"}, Properties: map[string]*huma.Schema{
		"data":        {Type: huma.TypeString, Format: "binary", Description: "The file: .csv, .xlsx, .gz or .zip."},
		"communityId": text("The community; needed without a key."),
		"dryRun":      text("true reads everything and changes nothing: the details say what would happen.", "true", "false"),
		"createTags":  text("true makes tags that do not exist yet.", "true", "false"),
		"notify":      text("true mails whoever started the job when it has ended; for people, not for keys.", "true", "false"),
		"mapping":     text(`JSON {"header": "field"}; null ignores the column.`),
		"encoding":    text("Of the file, when detection is not to decide.", "utf-8", "utf-16le", "utf-16be", "windows-1252"),
		"delimiter":   text("Of the columns, when detection is not to decide: one of , ; | or tab."),
		"sheet":       text("Name or number of the sheet in a workbook."),
		"decimal":     text("The decimal sign of numbers.", ".", ","),
		"dateFormat":  text("Of dates that are not YYYY-MM-DD.", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY"),
	}}
	if kind == bulk.Import {
		form.Properties["mode"] = text("upsert (default) creates and changes, create skips who is there, update skips who is new.", "upsert", "create", "update")
	}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	ok := op.Responses["200"]
	ok.Content = map[string]*huma.MediaType{"application/json": {
		Schema:  schemas.Schema(reflect.TypeFor[success[queuedJob]](), true, ""),
		Example: queued(kind, "6a21d1c09f3b0c4d5e6f7a8b"),
	}}
	ok.Headers["Location"] = &huma.Header{Description: "The status of the job.", Schema: &huma.Schema{Type: huma.TypeString}}
}

func describeTemplate(op *huma.Operation, _ huma.Registry) {
	op.Parameters = append(op.Parameters, communityParam())
	answersWith(op, "text/csv", &huma.Schema{Type: huma.TypeString})
}

func describeFailed(op *huma.Operation, _ huma.Registry) {
	op.Parameters = append(op.Parameters, jobParam(), communityParam())
	answersWith(op, "text/csv", &huma.Schema{Type: huma.TypeString})
}

func describeProgress(op *huma.Operation, schemas huma.Registry) {
	op.Parameters = append(op.Parameters, jobParam(), communityParam())
	answersWith(op, "text/event-stream", &huma.Schema{
		Type: huma.TypeString, Description: "Events whose data is the status object. Every minute the right to the stream is checked again; when it has ended, the last event is dropped, with code and message.",
		Extensions: map[string]any{"x-event-data": schemas.Schema(reflect.TypeFor[bulk.Status](), true, "")},
	})
}

func answersWith(op *huma.Operation, media string, schema *huma.Schema) {
	ok := op.Responses["200"]
	ok.Description = http.StatusText(http.StatusOK)
	ok.Content = map[string]*huma.MediaType{media: {Schema: schema}}
}

func jobParam() *huma.Param {
	return &huma.Param{Name: "jobId", In: "path", Required: true, Description: "The _id of the job.", Schema: &huma.Schema{Type: huma.TypeString}}
}

func communityParam() *huma.Param {
	return &huma.Param{Name: "communityId", In: "query", Description: "Needed with a session of several memberships.", Schema: &huma.Schema{Type: huma.TypeString}}
}
