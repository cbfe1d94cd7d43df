package message

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/ui"
)

// SheetHeader is sent by scripts that show a page in a dialog: the response is what is
// in the page alone.
const SheetHeader = "Regulars-Sheet"

// SheetView is a small page beside the messages, which scripts show in a dialog.
type SheetView struct {
	ui.Page
	Back string // address of the messages
}

// sheet answers with a small page.
func (h *handlers) sheet(v *ui.Request, status int, title, current, back string, content func(p ui.Page) templ.Component) error {
	if v.Header.Get(SheetHeader) != "" {
		p := ui.Page{Title: v.T(title), Reader: h.Reader(v), Community: ui.Community{ID: v.Community.ID}}
		return ui.Render(v, status, Sheet(p, content(p)))
	}
	p, _, err := h.page(v, title, current)
	if err != nil {
		return err
	}
	return ui.Render(v, status, SheetPage(SheetView{p, back}, content(p)))
}

// byScript reports whether a script has sent the request and updates the page itself.
func byScript(v *ui.Request) bool { return v.Header.Get("Accept") == "application/json" }

// done answers an action: with a page, or with nothing for scripts.
func done(v *ui.Request, path string) error {
	if byScript(v) {
		v.W.WriteHeader(http.StatusNoContent)
		return nil
	}
	return v.Redirect(path, "")
}
