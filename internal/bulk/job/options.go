package job

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/charset"
)

// The modes of an import.
const (
	Upsert     = "upsert" // create and update members
	CreateOnly = "create" // skip existing members
	UpdateOnly = "update" // skip new members
)

// The values of Options.HiddenRows.
const (
	HiddenImport = "import"
	HiddenSkip   = "skip"
)

// maxHeaderLine is the maximum of Options.HeaderLine.
const maxHeaderLine = 1_000

// Options are the import options of a request. Zero values mean: detect, upsert,
// apply.
type Options struct {
	Mode           string             `json:"mode,omitempty"`
	DryRun         bool               `json:"dryRun,omitempty"`
	CreateTags     bool               `json:"createTags,omitempty"`
	Mapping        map[string]*string `json:"mapping,omitempty"` // header -> field; nil: ignore the column
	Encoding       string             `json:"encoding,omitempty"`
	Delimiter      string             `json:"delimiter,omitempty"`
	Sheet          string             `json:"sheet,omitempty"`
	HeaderLine     int                `json:"headerLine,omitempty"` // from 1
	HiddenRows     string             `json:"hiddenRows,omitempty"` // HiddenImport or HiddenSkip
	Decimal        string             `json:"decimal,omitempty"`
	DateFormat     string             `json:"dateFormat,omitempty"`
	ListSeparator  string             `json:"listSeparator,omitempty"`  // of roles, tags and choices in a cell; "": a comma
	DefaultCountry string             `json:"defaultCountry,omitempty"` // of national phone numbers, alpha-2
	Notify         bool               `json:"notify,omitempty"`         // mail the person who started the job at its end
	FailedOf       string             `json:"failedOf,omitempty"`       // job whose failed rows the file has, set by Stage; no form field
}

// OptionNames are the form fields of ParseOptions.
var OptionNames = []string{"mode", "dryRun", "createTags", "mapping", "encoding", "delimiter", "sheet", "headerLine", "hiddenRows", "decimal", "dateFormat", "listSeparator", "defaultCountry", "notify"}

// ParseOptions parses the optional form fields of an upload; empty ones have
// their defaults. It fails with Invalid invalid_input and names every wrong
// field.
func ParseOptions(form map[string]string) (Options, error) {
	o := Options{Mode: Upsert, Sheet: form["sheet"]}
	var wrong []errs.Field
	choose := func(name string, allowed []string, into *string) {
		switch text := form[name]; {
		case text == "":
		case slices.Contains(allowed, text):
			*into = text
		default:
			wrong = append(wrong, unknownValue(name, allowed))
		}
	}
	flag := func(name string, into *bool) {
		text := "false"
		choose(name, []string{"true", "false"}, &text)
		*into = text == "true"
	}
	choose("mode", []string{Upsert, CreateOnly, UpdateOnly}, &o.Mode)
	flag("dryRun", &o.DryRun)
	flag("createTags", &o.CreateTags)
	flag("notify", &o.Notify)
	if text := form["encoding"]; text != "" {
		var err error
		if o.Encoding, err = charset.Parse(text); err != nil {
			wrong = append(wrong, errs.From(err).Sentence.Field("encoding", "unknown_value"))
		}
	}
	if form["delimiter"] == "tab" {
		form["delimiter"] = "\t"
	}
	choose("delimiter", []string{",", ";", "\t", "|"}, &o.Delimiter)
	choose("decimal", []string{".", ","}, &o.Decimal)
	choose("dateFormat", slices.Sorted(maps.Keys(field.DateFormats)), &o.DateFormat)
	choose("hiddenRows", []string{HiddenImport, HiddenSkip}, &o.HiddenRows)
	choose("listSeparator", []string{",", ";", "|"}, &o.ListSeparator)
	if text := form["headerLine"]; text != "" {
		line, err := strconv.Atoi(text)
		if err != nil || line < 1 || line > maxHeaderLine {
			wrong = append(wrong, errs.Wrong("headerLine", "unknown_value", "Use the number of the line, from 1 to %d.", maxHeaderLine))
		}
		o.HeaderLine = line
	}
	if text := form["defaultCountry"]; text != "" {
		var known bool
		if o.DefaultCountry, known = field.CountryCode(text); !known {
			wrong = append(wrong, errs.Wrong("defaultCountry", "unknown_country", "Use the code of a country with two letters, such as DE."))
		}
	}
	if text := form["mapping"]; text != "" {
		if err := json.Unmarshal([]byte(text), &o.Mapping); err != nil {
			wrong = append(wrong, errs.Field{Field: "mapping", Code: "invalid_json", Message: `Write the mapping as JSON: {"header": "field"}, null for a column to ignore.`})
		}
	}
	return o, errs.InvalidFields(wrong)
}

// unknownValue lists the valid values. Delimiters are spelled out, because they
// are hard to see in a list.
func unknownValue(name string, allowed []string) errs.Field {
	switch name {
	case "delimiter":
		return errs.Wrong(name, "unknown_value", "Use a comma, a semicolon, a pipe or a tab, which may be written as the word tab.")
	case "decimal":
		return errs.Wrong(name, "unknown_value", "Use a point or a comma.")
	case "listSeparator":
		return errs.Wrong(name, "unknown_value", "Use a comma, a semicolon or a pipe.")
	}
	return errs.Wrong(name, "unknown_value", "Use one of: %s.", strings.Join(allowed, ", "))
}
