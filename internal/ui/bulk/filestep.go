package bulk

import (
	"net/http"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
)

// draftCookie remembers the file that a browser was importing.
const draftCookie = "regulars_draft"

func (h *handlers) showFileStep(v *ui.Request) error {
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 1}
	if cookie, err := v.Cookie(draftCookie); err == nil {
		d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, cookie.Value)
		switch {
		case err == nil:
			view.Unfinished = draftView(v, d)
		case errs.From(err) == nil: // an expired or damaged draft is ignored
			return err
		}
	}
	return ui.Render(v, http.StatusOK, ImportPage(view))
}

func (h *handlers) setDraftCookie(v *ui.Request, draftID string) {
	cookie := &http.Cookie{Name: draftCookie, Value: draftID, Path: v.In("/import"), MaxAge: 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)}
	if draftID == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.W, cookie)
}

func (h *handlers) clearDraft(v *ui.Request) error {
	h.setDraftCookie(v, "")
	return v.Redirect(v.In("/import"), "")
}

// reread reads the file with another encoding, delimiter or sheet.
func (h *handlers) reread(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o := d.Options
	o.Mapping = nil // the names of the columns may be others now
	chosen, err := job.ParseOptions(formOf(v, "encoding", "delimiter", "sheet", "headerLine", "hiddenRows"))
	if err == nil {
		o.Encoding, o.Delimiter, o.Sheet, o.HeaderLine, o.HiddenRows = chosen.Encoding, chosen.Delimiter, chosen.Sheet, chosen.HeaderLine, chosen.HiddenRows
		_, err = h.Bulk.Restage(v.Context(), v.Actor, v.Community.ID, d.ID, o)
	}
	if err != nil {
		a, err := ui.NewAlert(v, err)
		if err != nil {
			return err
		}
		return h.renderColumns(v, http.StatusBadRequest, d, a)
	}
	return v.Redirect(v.In("/import/"+d.ID), "")
}
