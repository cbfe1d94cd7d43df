package account

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showSessions(v *ui.Request) error {
	p, err := h.AccountPage(v, ui.SessionsPath)
	if err != nil {
		return err
	}
	sessions, err := h.Accounts.Sessions.List(v.Context(), v.Actor.AccountID)
	if err != nil {
		return err
	}
	view := SessionsView{Page: p}
	for _, s := range sessions {
		view.Sessions = append(view.Sessions, SessionRow{
			ID: s.ID, Device: device(s.UserAgent), Address: s.Address, By: s.Host, Current: s.ID == v.Actor.SessionID,
			CreatedAt: s.CreatedAt, SeenAt: s.SeenAt,
		})
	}
	return ui.Render(v, http.StatusOK, SessionsPage(view))
}

func (h *handlers) endSession(v *ui.Request) error {
	err := h.Accounts.Sessions.End(v.Context(), v.Actor.AccountID, v.PathValue("session"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // already ended
		return err
	}
	return v.Redirect(ui.SessionsPath, i18n.Key("Session ended"))
}

func (h *handlers) endOtherSessions(v *ui.Request) error {
	if err := h.Accounts.Sessions.EndAll(v.Context(), v.Actor.AccountID, v.Actor.SessionID); err != nil {
		return err
	}
	return v.Redirect(ui.SessionsPath, i18n.Key("You are signed out everywhere else"))
}

// SessionsView lists where a person is signed in.
type SessionsView struct {
	ui.Page
	Sessions []SessionRow
}

// SessionRow is one session.
type SessionRow struct {
	ID, Device, Address string
	By                  string // the system that began it, "": the person
	Current             bool
	CreatedAt, SeenAt   int64
}

// device is a short name of a user agent. Browsers name several others as well,
// so the order matters.
func device(userAgent string) string {
	browser, system := "", ""
	for _, known := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if browser == "" && strings.Contains(userAgent, known[0]) {
			browser = known[1]
		}
	}
	for _, known := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if system == "" && strings.Contains(userAgent, known[0]) {
			system = known[1]
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " · " + system
	case browser+system != "":
		return browser + system
	}
	return userAgent
}
