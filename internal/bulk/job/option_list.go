package job

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/charset"
)

// Option is an import option: a form field of uploads, a flag of the command line
// and a label on pages.
type Option struct {
	errs.Option
	Switch bool // the form field is true or false, the flag has no value
	Pairs  bool // the form field is a JSON object of texts and nulls, the flag is repeatable and has HEADER=VALUE

	parse func(o *Options, text string) *errs.Field // text is not empty
	form  func(o *Options) string                   // "": the default
}

// OptionList are all import options. Uploads, the command line and the examples
// of pages are derived from it.
var OptionList = []Option{
	choice(errs.NewOption("mode", "How members are matched"), []string{Upsert, CreateOnly, UpdateOnly}, func(o *Options) *string { return &o.Mode }),
	flag(errs.NewOption("dryRun", "Dry run"), func(o *Options) *bool { return &o.DryRun }),
	flag(errs.NewOption("createTags", "Create tags that do not exist"), func(o *Options) *bool { return &o.CreateTags }),
	{Option: errs.NewOption("createFields", "Fields to create"), Pairs: true, parse: parseNewFields, form: func(o *Options) string { return encodeObject(newFieldTypes(o.NewFields)) }},
	{Option: errs.NewOption("mapping", "Fields of the columns"), Pairs: true, parse: parseMapping, form: func(o *Options) string { return encodeObject(o.Mapping) }},
	{Option: errs.NewOption("values", "Map values"), parse: parseValues, form: func(o *Options) string { return encodeObject(o.Values) }},
	{Option: errs.NewOption("encoding", "Encoding"), parse: parseEncoding, form: func(o *Options) string { return o.Encoding }},
	{Option: errs.NewOption("delimiter", "Delimiter"), parse: parseDelimiter, form: func(o *Options) string { return strings.Replace(o.Delimiter, "\t", "tab", 1) }},
	{Option: errs.NewOption("sheet", "Sheet"), parse: parseSheet, form: func(o *Options) string { return o.Sheet }},
	{Option: errs.NewOption("headerLine", "Header line"), parse: parseHeaderLine, form: func(o *Options) string { return strings.TrimPrefix(strconv.Itoa(o.HeaderLine), "0") }},
	choice(errs.NewOption("hiddenRows", "Skip hidden rows"), []string{HiddenImport, HiddenSkip}, func(o *Options) *string { return &o.HiddenRows }),
	choice(errs.NewOption("decimal", "Decimal sign"), []string{".", ","}, func(o *Options) *string { return &o.Decimal }),
	choice(errs.NewOption("dateFormat", "Date format"), slices.Sorted(maps.Keys(field.DateFormats)), func(o *Options) *string { return &o.DateFormat }),
	choice(errs.NewOption("listSeparator", "List separator"), []string{",", ";", "|"}, func(o *Options) *string { return &o.ListSeparator }),
	{Option: errs.NewOption("defaultCountry", "Country of phone numbers"), parse: parseCountry, form: func(o *Options) string { return o.DefaultCountry }},
	flag(errs.NewOption("notify", "Mail me when the check and the import have ended"), func(o *Options) *bool { return &o.Notify }),
}

// OptionNames returns the form fields of ParseOptions.
func OptionNames() []string {
	names := make([]string, len(OptionList))
	for i, option := range OptionList {
		names[i] = option.Name
	}
	return names
}

// ParseOptions parses the optional form fields of an upload; empty ones have
// their defaults. It fails with Invalid invalid_input and names every wrong
// field.
func ParseOptions(form map[string]string) (Options, error) {
	return Options{Mode: Upsert}.With(form)
}

// With returns the options with those of a form; empty fields change nothing. It
// fails like ParseOptions.
func (o Options) With(form map[string]string) (Options, error) {
	var wrong []errs.Field
	for _, option := range OptionList {
		if text := form[option.Name]; text != "" {
			if problem := option.parse(&o, text); problem != nil {
				wrong = append(wrong, *problem)
			}
		}
	}
	return o, errs.InvalidFields(wrong)
}

// FormField is an import option with its value in a form.
type FormField struct {
	Option
	Text string
}

// Form returns the form fields of the options that differ from their defaults.
// ParseOptions reads them.
func (o Options) Form() []FormField {
	if o.Mode == Upsert {
		o.Mode = ""
	}
	var fields []FormField
	for _, option := range OptionList {
		if text := option.form(&o); text != "" {
			fields = append(fields, FormField{option, text})
		}
	}
	return fields
}

// Arguments returns the field as arguments of the command line.
func (f FormField) Arguments() []string {
	var pairs map[string]*string
	switch {
	case f.Switch:
		return []string{f.Flag()}
	case !f.Pairs || json.Unmarshal([]byte(f.Text), &pairs) != nil:
		return []string{f.Flag(), f.Text}
	}
	var args []string
	for _, header := range slices.Sorted(maps.Keys(pairs)) {
		value := ""
		if pairs[header] != nil {
			value = *pairs[header]
		}
		pair := header + "=" + value
		if strings.Contains(header, "=") || strings.HasPrefix(header, "{") {
			pair = encodeObject(map[string]*string{header: pairs[header]})
		}
		args = append(args, f.Flag(), pair)
	}
	return args
}

// JoinPairs returns the JSON object of the arguments of a pairs option, HEADER=VALUE or JSON
// objects. Later values replace earlier ones of the same header.
func JoinPairs(values []string) (string, error) {
	joined := map[string]*string{}
	for _, text := range values {
		if strings.HasPrefix(text, "{") {
			if err := json.Unmarshal([]byte(text), &joined); err != nil {
				return "", fmt.Errorf("%q is not a JSON object of texts. Write HEADER=VALUE instead", text)
			}
			continue
		}
		header, value, found := strings.Cut(text, "=")
		if !found {
			return "", fmt.Errorf("%q has no equals sign. Write HEADER=VALUE", text)
		}
		if joined[header] = nil; value != "" {
			joined[header] = &value
		}
	}
	if len(joined) == 0 {
		return "", nil
	}
	object, err := json.Marshal(joined)
	return string(object), err
}

// choice is an option with one of the allowed values.
func choice(option errs.Option, allowed []string, at func(*Options) *string) Option {
	return Option{
		Option: option,
		parse: func(o *Options, text string) *errs.Field {
			if !slices.Contains(allowed, text) {
				return unknownValue(option.Name, allowed)
			}
			*at(o) = text
			return nil
		},
		form: func(o *Options) string { return *at(o) },
	}
}

// flag is an option that is true or false.
func flag(option errs.Option, at func(*Options) *bool) Option {
	return Option{
		Option: option, Switch: true,
		parse: func(o *Options, text string) *errs.Field {
			if text != "true" && text != "false" {
				return unknownValue(option.Name, []string{"true", "false"})
			}
			*at(o) = text == "true"
			return nil
		},
		form: func(o *Options) string {
			if *at(o) {
				return "true"
			}
			return ""
		},
	}
}

func parseMapping(o *Options, text string) *errs.Field {
	if err := json.Unmarshal([]byte(text), &o.Mapping); err != nil {
		return &errs.Field{Field: "mapping", Code: "invalid_json", Message: `Write the mapping as JSON: {"header": "field"}, null for a column to ignore.`}
	}
	return nil
}

func parseEncoding(o *Options, text string) *errs.Field {
	encoding, err := charset.Parse(text)
	if err != nil {
		return new(errs.From(err).Sentence.Field("encoding", "unknown_value"))
	}
	o.Encoding = encoding
	return nil
}

func parseDelimiter(o *Options, text string) *errs.Field {
	if text == "tab" {
		text = "\t"
	}
	allowed := []string{",", ";", "\t", "|"}
	if !slices.Contains(allowed, text) {
		return unknownValue("delimiter", allowed)
	}
	o.Delimiter = text
	return nil
}

func parseSheet(o *Options, text string) *errs.Field {
	o.Sheet = text
	return nil
}

func parseHeaderLine(o *Options, text string) *errs.Field {
	line, err := strconv.Atoi(text)
	if err != nil || line < 1 || line > maxHeaderLine {
		return new(errs.Wrong("headerLine", "unknown_value", "Use the number of the line, from 1 to %d.", maxHeaderLine))
	}
	o.HeaderLine = line
	return nil
}

func parseCountry(o *Options, text string) *errs.Field {
	code, known := field.CountryCode(text)
	if !known {
		return new(errs.Wrong("defaultCountry", "unknown_country", "Use the code of a country with two letters, such as DE."))
	}
	o.DefaultCountry = code
	return nil
}

// encodeObject returns an object as JSON without escaped <, > and &, "" for an
// empty one.
func encodeObject[V any](object map[string]V) string {
	if len(object) == 0 {
		return ""
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		panic(err) //nolint:forbidigo // texts and nulls encode
	}
	return strings.TrimSpace(b.String())
}

// unknownValue lists the valid values. Delimiters are spelled out, because they
// are hard to see in a list.
func unknownValue(name string, allowed []string) *errs.Field {
	switch name {
	case "delimiter":
		return new(errs.Wrong(name, "unknown_value", "Use a comma, a semicolon, a pipe or a tab, which may be written as the word tab."))
	case "decimal":
		return new(errs.Wrong(name, "unknown_value", "Use a point or a comma."))
	case "listSeparator":
		return new(errs.Wrong(name, "unknown_value", "Use a comma, a semicolon or a pipe."))
	}
	return new(errs.Wrong(name, "unknown_value", "Use one of: %s.", strings.Join(allowed, ", ")))
}
