package remedy

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

// maxCorrections limits the cells of one form.
const maxCorrections = 500

// saveCorrections saves the changed cells of a page of rows, and checks the file again
// if the person asked for it.
func (h *handlers) saveCorrections(v *ui.Request) error {
	list, err := changedCells(v)
	if err != nil {
		return h.showFailure(v, err)
	}
	draftID := v.PathValue("draft")
	changed, err := h.Bulk.Correct(v.Context(), v.Actor, v.Community.ID, draftID, errorlist.VersionOf(v), list)
	if err != nil {
		return h.showFailure(v, err)
	}
	if v.PostFormValue("check") == "" {
		return v.Redirect(withQuery(back(v), v.PostFormValue("query"))+"#rows", i18n.Key("Corrections saved"))
	}
	version := errorlist.VersionOf(v)
	if changed {
		version = 0 // the one with the corrections
	}
	s, err := h.Bulk.StartDraftVersion(v.Context(), v.Actor, v.Community.ID, draftID, version, true)
	if err != nil {
		return h.showFailure(v, err)
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+s.JobID), "")
}

// changedCells are the cells of the form with another text than the page showed.
func changedCells(v *ui.Request) (list []bulk.Correction, err error) {
	if err := v.ParseForm(); err != nil {
		return nil, errs.New(errs.Invalid, "invalid_form", "The form could not be read. Reload the page and try again.")
	}
	for name := range v.PostForm {
		place, ok := strings.CutPrefix(name, "cell-")
		text, was := lines(v.PostFormValue(name)), lines(v.PostFormValue("was-"+place))
		if !ok || text == was {
			continue
		}
		line, cell, found := strings.Cut(place, "-")
		n, lineErr := strconv.Atoi(line)
		i, cellErr := strconv.Atoi(cell)
		if !found || lineErr != nil || cellErr != nil || n < 1 || i < 0 || len(list) == maxCorrections {
			return nil, errs.New(errs.Invalid, "invalid_form", "The form could not be read. Reload the page and try again.")
		}
		list = append(list, bulk.Correction{Line: n, Cell: i, Text: text})
	}
	return list, nil
}

// lines returns a text of a form with line feeds only.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// withQuery adds a query of the page to its address.
func withQuery(address, query string) string {
	values, err := url.ParseQuery(query)
	if err != nil || len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}
