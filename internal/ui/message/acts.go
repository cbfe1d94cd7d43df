package message

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/ui"
)

// Subject is a message with what the reader may do with it.
type Subject struct {
	Item
	Path string // of the message; its acts are below
	Link string // of the message among those around it
	May  Rights
	Form Form // of an edit or a report
	Log  []change.Version
}

// subject reads the message of the address.
func (h *handlers) subject(v *ui.Request) (Subject, location, error) {
	one, err := h.getMessage(v, v.PathValue("message"))
	if err == nil && one.Channel.ID != v.PathValue("channel") {
		err = errs.Missing("message")
	}
	if err != nil {
		return Subject{}, location{}, err
	}
	at, err := h.locateTopic(v, value(one.TopicID))
	s := Subject{Link: at.to(one.ID), Item: h.items(h.Reader(v), []message.View{one})[0], Path: v.In("/channels/" + at.id + "/messages/" + one.ID), May: at.may}
	return s, at, err
}

// showActs shows what can be done with a message.
func (h *handlers) showActs(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	return h.sheet(v, 200, "Message", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return Acts(p, s) })
}

// to is the address of a message among those around it.
func (at location) to(messageID string) string {
	return at.path + "?around=" + messageID + "#m-" + messageID
}

// act carries out an act on the message of the address.
func (h *handlers) act(f func(v *ui.Request, s Subject) error) ui.Handler {
	return func(v *ui.Request) error {
		s, at, err := h.subject(v)
		if err != nil {
			return err
		}
		if err := f(v, s); err != nil {
			return err
		}
		return done(v, at.to(s.ID))
	}
}

// react adds the reaction of the form, or removes it.
func (h *handlers) react(v *ui.Request, s Subject) (err error) {
	if v.PostFormValue("remove") != "" {
		_, err = h.Reactions.Unreact(v.Context(), v.Actor, v.Community.ID, s.ID, v.PostFormValue("emoji"), "", "")
		return err
	}
	_, err = h.Reactions.React(v.Context(), v.Actor, v.Community.ID, s.ID, v.PostFormValue("emoji"), "")
	return err
}

func (h *handlers) pin(v *ui.Request, s Subject) (err error) {
	if s.Pinned {
		_, err = h.Changes.Unpin(v.Context(), v.Actor, v.Community.ID, s.ID)
	} else {
		_, err = h.Changes.Pin(v.Context(), v.Actor, v.Community.ID, s.ID)
	}
	return err
}

func (h *handlers) delete(v *ui.Request, s Subject) error {
	return h.Changes.Delete(v.Context(), v.Actor, v.Community.ID, s.ID)
}

func (h *handlers) markUnread(v *ui.Request, s Subject) error {
	return h.ReadStates.MarkUnread(v.Context(), v.Actor, v.Community.ID, s.Channel.ID, s.ID)
}

// showPicker shows all emoji.
func (h *handlers) showPicker(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	return h.sheet(v, 200, "React", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return Picker(p, s.Path+"/react", emoji.Groups()) })
}

// showEdit shows the form of an edit.
func (h *handlers) showEdit(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	s.Form = Form{Text: s.Text}
	return h.sheet(v, 200, "Edit message", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return Edit(p, s) })
}

// edit changes the text of a message.
func (h *handlers) edit(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	s.Form = Form{Text: v.PostFormValue("message")}
	_, err = h.Changes.Update(v.Context(), v.Actor, v.Community.ID, s.ID, change.Edit{Text: s.Form.Text})
	if err == nil || byScript(v) {
		return h.finish(v, at.to(s.ID), err)
	}
	return h.again(v, &s, at, "Edit message", err, Edit)
}

// finish answers a script, or an act that succeeded.
func (h *handlers) finish(v *ui.Request, path string, err error) error {
	if err != nil {
		return err
	}
	return done(v, path)
}

// again shows a form of a message that was rejected.
func (h *handlers) again(v *ui.Request, s *Subject, at location, title string, cause error, form func(ui.Page, Subject) templ.Component) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if s.Form.Errors = ui.FieldErrors(v.Context(), cause); s.Form.Errors == nil {
		s.Form.Alert = refused
	}
	return h.sheet(v, status, title, at.id, at.to(s.ID), func(p ui.Page) templ.Component { return form(p, *s) })
}

func (h *handlers) showReport(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	return h.sheet(v, 200, "Report message", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return Report(p, s) })
}

// report reports a message to the moderators.
func (h *handlers) report(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	s.Form = Form{Text: v.PostFormValue("reason")}
	_, err = h.Reports.Create(v.Context(), v.Actor, v.Community.ID, s.ID, s.Form.Text)
	if err == nil && !byScript(v) {
		return v.Redirect(at.to(s.ID), "Reported")
	}
	if err == nil || byScript(v) {
		return h.finish(v, at.to(s.ID), err)
	}
	return h.again(v, &s, at, "Report message", err, Report)
}

// showHistory shows the versions of a message.
func (h *handlers) showHistory(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	if s.Log, _, err = h.Changes.History(v.Context(), v.Actor, v.Community.ID, s.ID, "", ui.ListLimit); err != nil {
		return err
	}
	return h.sheet(v, 200, "Versions of the message", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return History(p, s) })
}

// showReacted shows who reacted.
func (h *handlers) showReacted(v *ui.Request) error {
	s, at, err := h.subject(v)
	if err != nil {
		return err
	}
	list, _, err := h.Reactions.Reacted(v.Context(), v.Actor, v.Community.ID, s.ID, "", "", "", ui.ListLimit)
	if err != nil {
		return err
	}
	return h.sheet(v, 200, "Reactions", at.id, at.to(s.ID), func(p ui.Page) templ.Component { return Reacted(p, list) })
}

// PinsView are the pinned messages of a channel.
type PinsView struct {
	Path  string // of the messages of the channel
	Items []Item
}

func (h *handlers) showPins(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	list, err := h.Lists.Pins(v.Context(), v.Actor, v.Community.ID, at.id)
	if err != nil {
		return err
	}
	view := PinsView{Path: at.path}
	for _, one := range list {
		view.Items = append(view.Items, h.items(h.Reader(v), []message.View{one})...)
	}
	return h.sheet(v, 200, "Pinned messages", at.id, at.path, func(p ui.Page) templ.Component { return Pins(p, view) })
}

// PreferencesView are the settings of the reader for a channel.
type PreferencesView struct {
	Path  string // of the settings
	Name  string // of the channel
	State readstate.State
}

// state is what the reader has read of a channel.
func (h *handlers) state(v *ui.Request, at location) (readstate.State, error) {
	if at.Conversation != nil {
		states, err := h.ReadStates.OfConversations(v.Context(), v.Actor, v.Community.ID, "", []direct.Conversation{*at.Conversation})
		return states[at.id], err
	}
	states, err := h.ReadStates.Of(v.Context(), v.Actor, v.Community.ID, []chat.Channel{at.Channel})
	return states[at.id], err
}

func (h *handlers) showPreferences(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	state, err := h.state(v, at)
	if err != nil {
		return err
	}
	view := PreferencesView{v.In("/channels/" + at.id + "/preferences"), at.title(), state}
	return h.sheet(v, 200, "Notifications", at.id, at.path, func(p ui.Page) templ.Component { return Preferences(p, view) })
}

// SheetHeader is sent by scripts that show a page in a dialog: the response is its
// content alone.
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
