package bulk

import (
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/bulk"
)

func describeImport(op *huma.Operation, schemas huma.Registry) {
	describeUpload(op, schemas, bulk.Import)
}

func describeUpdate(op *huma.Operation, schemas huma.Registry) {
	describeUpload(op, schemas, bulk.Update)
}

func describePremium(op *huma.Operation, schemas huma.Registry) {
	describeUpload(op, schemas, bulk.Premium)
}

func describeUpload(op *huma.Operation, schemas huma.Registry, kind bulk.Type) {
	text := func(description string, allowed ...any) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description, Enum: allowed}
	}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"data"}, Properties: map[string]*huma.Schema{
		"data":           {Type: huma.TypeString, Format: "binary", Description: "The file: .csv, .xlsx, .ods, .gz or .zip."},
		"communityId":    text("The community; required without a key."),
		"dryRun":         text("true validates and plans the file without changes; the details have the planned outcomes.", "true", "false"),
		"createTags":     text("true creates missing tags.", "true", "false"),
		"createFields":   text(`JSON {"header": "type"}: custom fields that the import creates for columns, named after them; needs the permission userFields. A field of that name and type that exists is used. A dry run creates none. The choices of a select or multi-select are the different values of the column, at most 500.`),
		"notify":         text("true mails the person who started the job at its end; not for keys.", "true", "false"),
		"mapping":        text(`JSON {"header": "field"}; null ignores the column.`),
		"values":         text(`JSON {"header": {"text in the file": "text to read instead"}}; "" is an empty cell. In a column of roles, tags or choices also one name of a cell. At most 10,000 values.`),
		"encoding":       text("The encoding of the file, instead of the detected one: a label of the WHATWG Encoding Standard, such as utf-8, windows-1252, shift_jis or gb18030."),
		"delimiter":      text("The delimiter of columns, instead of the detected one: one of , ; | or tab."),
		"sheet":          text("The name or number of the sheet in a workbook."),
		"headerLine":     text("The line of the header, from 1, instead of the detected one."),
		"hiddenRows":     text("import (default) imports the rows that a workbook hides, skip leaves them out.", "import", "skip"),
		"listSeparator":  text("The separator of roles, tags and choices in a cell; a comma by default.", ",", ";", "|"),
		"defaultCountry": text("The ISO 3166 alpha-2 code of the country of phone numbers without a country code, for rows without a country."),
		"decimal":        text("The decimal separator of numbers.", ".", ","),
		"dateFormat":     text("The format of dates other than YYYY-MM-DD.", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY"),
	}}
	if kind == bulk.Import {
		form.Properties["mode"] = text("upsert (default) creates and updates members, create skips existing ones, update skips new ones.", "upsert", "create", "update")
	}
	accepted := append(optionNames(kind), "data", "communityId", "mode")
	maps.DeleteFunc(form.Properties, func(name string, _ *huma.Schema) bool { return !slices.Contains(accepted, name) })
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	ok := op.Responses["200"]
	ok.Content = map[string]*huma.MediaType{"application/json": {
		Schema:  schemas.Schema(reflect.TypeFor[api.Success[queuedJob]](), true, ""),
		Example: queued(kind, "6a21d1c09f3b0c4d5e6f7a8b"),
	}}
	ok.Headers["Location"] = &huma.Header{Description: "The status of the job.", Schema: &huma.Schema{Type: huma.TypeString}}
}

func describeTemplate(op *huma.Operation, _ huma.Registry) {
	op.Parameters = append(op.Parameters, communityParam())
	answersWith(op, "text/csv", &huma.Schema{Type: huma.TypeString})
}

func describeFailed(op *huma.Operation, _ huma.Registry) {
	op.Parameters = append(op.Parameters, jobParam(), communityParam(), &huma.Param{
		Name: "format", In: "query", Description: "xlsx for a workbook.", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{string(bulk.CSV), string(bulk.Workbook)}, Default: string(bulk.CSV)},
	})
	answersWith(op, bulk.CSV.ContentType(), &huma.Schema{Type: huma.TypeString})
	op.Responses["200"].Content[bulk.Workbook.ContentType()] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
}

func describeProgress(op *huma.Operation, schemas huma.Registry) {
	op.Parameters = append(op.Parameters, jobParam(), communityParam())
	answersWith(op, "text/event-stream", &huma.Schema{
		Type: huma.TypeString, Description: "Events with the status object as data. Access is checked every minute; when it has ended, the last event is dropped, with code and message.",
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
	return &huma.Param{Name: "communityId", In: "query", Description: "Required in a session of a person with several memberships.", Schema: &huma.Schema{Type: huma.TypeString}}
}
