package bulk

import (
	"strconv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

// premiumPath is the operation for files of premium currency.
const premiumPath = "/v1/users/premium-currency/bulk-update"

// draftCall is the import or dry run of the file in the wizard.
func draftCall(v ImportView, dryRun bool) ui.Call {
	call := ui.ImportCall(v.Page)
	call.File = v.Draft.FileName
	switch bulk.Type(v.Draft.Kind) {
	case bulk.Update:
		call.Path = "/v1/users/bulk-update"
	case bulk.Premium:
		call.Path = premiumPath
	}
	call.Form = append(call.Form, v.Draft.Options...)
	if dryRun {
		call.Form = append(call.Form, ui.Choice{Value: "dryRun", Label: "true"})
	}
	return call
}

// fileCall is the upload of an example file.
func fileCall(v ImportView) ui.Call {
	call := ui.ImportCall(v.Page)
	if v.Premium {
		call.Path, call.File = premiumPath, "premium.csv"
	}
	return call
}

// optionsOf are the options of a draft as form fields, without those that the
// server assumes by itself. A mail at the end is left out: a key has no address.
func optionsOf(d bulk.Draft) (form []ui.Choice) {
	o := d.Options
	o.Mapping, o.DryRun, o.Notify = explicitMapping(d), false, false
	for _, f := range o.Form() {
		form = append(form, ui.Choice{Value: f.Name, Label: f.Text})
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

// explicitMapping is the mapping of the columns that were mapped by hand. Columns
// without a choice are left out.
func explicitMapping(d bulk.Draft) map[string]*string {
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
	return mapping
}
