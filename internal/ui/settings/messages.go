package settings

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

var erasures = []ui.Choice{
	{Value: community.AnonymiseMessages, Label: i18n.Key("Stay without an author")}, {Value: community.DeleteMessages, Label: i18n.Key("Are deleted")},
}

// messagesOf returns the page with the stored settings.
func messagesOf(v *ui.Request) MessagesView {
	s := v.Community.Settings
	return MessagesView{
		Banned: strings.Join(s.BannedWords, "\n"), Alerting: strings.Join(s.AlertWords, "\n"),
		EditWindow: strconv.FormatInt(s.EditWindow, 10), Erasure: s.ErasureOfMessages,
	}
}

func (h *handlers) showMessages(v *ui.Request) error {
	return h.renderMessages(v, messagesOf(v), nil)
}

func (h *handlers) renderMessages(v *ui.Request, view MessagesView, cause error) (err error) {
	status := http.StatusOK
	if cause != nil {
		if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
			return cause
		}
		status = http.StatusBadRequest
	}
	view.Page, err = h.Page(v, i18n.Key("Messages"), "messages", i18n.Key("Rules for the messages of the community."))
	if err != nil {
		return err
	}
	return ui.Render(v, status, MessagesPage(view))
}

func (h *handlers) changeWords(v *ui.Request) error {
	view := messagesOf(v)
	view.Banned, view.Alerting = v.PostFormValue("bannedWords"), v.PostFormValue("alertWords")
	banned, alerting := ui.Lines(view.Banned), ui.Lines(view.Alerting)
	return h.saveMessages(v, view, community.Change{BannedWords: &banned, AlertWords: &alerting})
}

func (h *handlers) changeMessages(v *ui.Request) error {
	view := messagesOf(v)
	view.EditWindow, view.Erasure = v.PostFormValue("editWindow"), v.PostFormValue("erasureOfMessages")
	seconds, err := strconv.ParseInt(strings.TrimSpace(view.EditWindow), 10, 64)
	if err != nil {
		seconds = -1 // an invalid number is rejected as one out of range
	}
	return h.saveMessages(v, view, community.Change{EditWindow: &seconds, ErasureOfMessages: &view.Erasure})
}

// saveMessages changes the settings and shows view again if they are invalid.
func (h *handlers) saveMessages(v *ui.Request, view MessagesView, change community.Change) error {
	if _, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, change); err != nil {
		return h.renderMessages(v, view, err)
	}
	return v.Redirect(v.In("/settings/messages"), i18n.Key("Saved"))
}
