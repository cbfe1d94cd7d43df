package errorlist

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Draft is the staged file of a check. Remedies change its options.
type Draft struct {
	ID      string
	Path    string // address of its columns
	Version int64
	JobID   string // the check
}

func (d *Draft) version() string { return strconv.FormatInt(d.Version, 10) }

// VersionOf returns the version of the draft that a form shows; 0 without one.
func VersionOf(v *ui.Request) int64 {
	version, err := strconv.ParseInt(v.PostFormValue("version"), 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// Remedy is a change of an option of the draft that may correct the rows of a group.
type Remedy struct {
	Option, Value string // form field
	Button        string
	Label         string      // of Select
	Select        []ui.Choice // values of the form field to choose from; none: Value
	Link          string      // address of a page with choices; "": a form
}

// mappable are the codes of values that are none of a closed set.
var mappable = []string{"unknown_tag", "unknown_role", "unknown_option", "unknown_country", "unknown_language", "invalid_boolean"}

// options are the import options that may correct the errors with a code.
func options(code string, o *bulk.Options) []string {
	switch {
	case code == "unknown_tag" && !o.CreateTags:
		return []string{"createTags", "values"}
	case slices.Contains(mappable, code):
		return []string{"values"}
	case code == "number_ambiguous":
		return []string{"decimal"}
	case code == "invalid_date":
		return []string{"dateFormat"}
	case code == "invalid_phone" && o.DefaultCountry == "":
		return []string{"defaultCountry"}
	}
	return nil
}

func (p *GroupView) addRemedies(v *ui.Request, in Input, g *bulk.ErrorGroup) {
	if in.Options == nil {
		return
	}
	for _, option := range options(g.Code, in.Options) {
		switch {
		case in.Draft == nil && p.Advice == "":
			p.Advice = advice(v, option)
		case in.Draft == nil:
		case option == "values" && len(g.Values) > 0:
			p.Remedies = append(p.Remedies, Remedy{Link: in.Draft.Path + "/values?" + url.Values{"column": {g.Column}, "job": {in.Draft.JobID}}.Encode()})
		case option != "values":
			p.Remedies = append(p.Remedies, remedies(v, option, in.Options)...)
		}
	}
}

// advice names the control of an option for jobs of the API and the command line.
func advice(v *ui.Request, option string) string {
	o := errs.NewOption(option, "")
	if option == "createTags" {
		return v.T("Use %[1]s in the API or %[2]s on the command line to create them.", o.Name+"=true", o.Flag())
	}
	return v.T("Use %[1]s in the API or %[2]s on the command line to read such values.", o.Name, o.Flag())
}

var decimalButtons = []ui.Choice{{Value: ".", Label: i18n.Key("Decimal point: 1.5")}, {Value: ",", Label: i18n.Key("Decimal comma: 1,5")}}

func remedies(v *ui.Request, option string, o *bulk.Options) (list []Remedy) {
	switch option {
	case "createTags":
		list = append(list, Remedy{Option: option, Value: "true", Button: v.T("Create these tags")})
	case "decimal":
		for _, c := range decimalButtons {
			list = append(list, Remedy{Option: option, Value: c.Value, Button: v.T(c.Label)})
		}
	case "dateFormat":
		for _, format := range []string{"DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY"} {
			if format != o.DateFormat {
				list = append(list, Remedy{Option: option, Value: format, Button: format})
			}
		}
	case "defaultCountry":
		list = append(list, Remedy{Option: option, Button: v.T("Use this country"), Label: v.T("Country of phone numbers"), Select: ui.Reader{Words: ui.PrinterOf(v.Context())}.Countries()})
	}
	return list
}
