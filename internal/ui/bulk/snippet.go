package bulk

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

// draftCall is the import or dry run of the file in the wizard.
func draftCall(v ImportView, dryRun bool) ui.Call {
	call := ui.ImportCall(v.Page)
	call.File = v.Draft.FileName
	if v.Draft.Update {
		call.Path = "/v1/users/bulk-update"
	}
	call.Form = append(call.Form, v.Draft.Options...)
	if dryRun {
		call.Form = append(call.Form, ui.Choice{Value: "dryRun", Label: "true"})
	}
	return call
}

// optionsOf are the options of a draft as form fields, without those that the
// server assumes by itself. A mail at the end is left out: a key has no address.
func optionsOf(d bulk.Draft) (form []ui.Choice) {
	o := d.Options
	if o.Mode == bulk.Upsert {
		o.Mode = ""
	}
	tags := ""
	if o.CreateTags {
		tags = "true"
	}
	if o.Delimiter == "\t" {
		o.Delimiter = "tab"
	}
	for _, c := range []ui.Choice{
		{Value: "mapping", Label: explicitMapping(d)},
		{Value: "mode", Label: o.Mode},
		{Value: "encoding", Label: o.Encoding},
		{Value: "delimiter", Label: o.Delimiter},
		{Value: "sheet", Label: o.Sheet},
		{Value: "headerLine", Label: number(o.HeaderLine)},
		{Value: "hiddenRows", Label: o.HiddenRows},
		{Value: "listSeparator", Label: o.ListSeparator},
		{Value: "defaultCountry", Label: o.DefaultCountry},
		{Value: "decimal", Label: o.Decimal},
		{Value: "dateFormat", Label: o.DateFormat},
		{Value: "createTags", Label: tags},
	} {
		if c.Label != "" {
			form = append(form, c)
		}
	}
	return form
}

// number returns n in digits, "" for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// explicitMapping is the mapping of the columns that were mapped by hand, as
// JSON; "" without any. Columns without a choice are left out.
func explicitMapping(d bulk.Draft) string {
	mapping := map[string]*string{}
	for _, c := range d.Columns {
		switch {
		case !c.NeedsMapping || !c.Problem.IsZero():
		case c.Field == "":
			mapping[c.Header] = nil
		default:
			mapping[c.Header] = &c.Field
		}
	}
	if len(mapping) == 0 {
		return ""
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(mapping) // texts go in always
	return strings.TrimSpace(b.String())
}
