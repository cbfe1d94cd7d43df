package job

import "github.com/regulars/regulars/internal/bulk/source"

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
// apply. A new option needs an entry in OptionList.
type Options struct {
	Mode           string             `json:"mode,omitempty"`
	DryRun         bool               `json:"dryRun,omitempty"`
	CreateTags     bool               `json:"createTags,omitempty"`
	NewFields      []NewField         `json:"newFields,omitempty"` // that the run creates
	Mapping        map[string]*string `json:"mapping,omitempty"`   // header -> field; nil: ignore the column
	Values         source.Values      `json:"values,omitempty"`    // header -> text in the file -> text to read instead
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

// SetReading sets the options of how the rows of a file are read to those of from.
func (o *Options) SetReading(from Options) {
	o.Encoding, o.Delimiter, o.Sheet, o.HeaderLine, o.HiddenRows = from.Encoding, from.Delimiter, from.Sheet, from.HeaderLine, from.HiddenRows
}

// SameReading reports whether two files are read in the same way.
func (o Options) SameReading(other Options) bool {
	var a, b Options
	a.SetReading(o)
	b.SetReading(other)
	return encode(a) == encode(b)
}

// SetMeaning sets the options of what the values of a file mean to those of from.
func (o *Options) SetMeaning(from Options) {
	o.Mode, o.CreateTags, o.Decimal, o.DateFormat, o.ListSeparator, o.DefaultCountry = from.Mode, from.CreateTags, from.Decimal, from.DateFormat, from.ListSeparator, from.DefaultCountry
}
