package channel

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showNewChannel(v *ui.Request) error {
	return h.renderChannel(v, View{Parent: v.URL.Query().Get("category"), Type: string(chat.Open), SlowMode: "0"}, nil)
}

// renderChannel shows the form of a channel; with a name it is one that is
// there.
func (h *handlers) renderChannel(v *ui.Request, view View, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	title := "New channel"
	if view.Name != "" {
		title = view.Name
	}
	if view.Page, err = h.Page(v, title, "channels", ""); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Parents = []ui.Choice{{Value: "", Label: v.T("In no category")}}
	for _, one := range categories {
		view.Parents = append(view.Parents, ui.Choice{Value: one.ID, Label: one.Name})
	}
	for _, one := range ui.ChannelTypes {
		if view.ID == "" || one.Value == string(chat.Open) || one.Value == string(chat.Announcement) {
			view.Types = append(view.Types, ui.Choice{Value: one.Value, Label: v.T(one.Label)})
		}
	}
	return ui.Render(v, status, ChannelPage(view))
}

func channelForm(v *ui.Request) View {
	return View{
		Topic: v.PostFormValue("topic"), Description: v.PostFormValue("description"), URL: strings.TrimSpace(v.PostFormValue("url")),
		Parent: v.PostFormValue("category"), Type: v.PostFormValue("channelType"), Private: v.PostFormValue("private") == "true",
		SlowMode: strings.TrimSpace(v.PostFormValue("slowMode")), Trading: v.PostFormValue("tradingDiscussions") == "true",
	}
}

func (h *handlers) createChannel(v *ui.Request) error {
	view := channelForm(v)
	made, err := h.Chat.CreateChannel(v.Context(), v.Actor, v.Community.ID, chat.Input{
		Topic: view.Topic, Type: chat.Type(view.Type), Description: view.Description, CategoryID: view.Parent, Private: view.Private, URL: view.URL,
		SlowMode: view.slowMode(), TradingDiscussions: view.Trading,
	})
	if err != nil {
		return h.renderChannel(v, view, err)
	}
	return v.Redirect(v.In("/channels/"+made.ID), v.T("Channel %s created", made.Topic))
}

func (h *handlers) showChannel(v *ui.Request) error {
	ch, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	return h.renderChannel(v, View{
		ID: ch.ID, Name: ch.Topic, Topic: ch.Topic, Description: ch.Description, URL: ch.URL, Parent: ch.CategoryID, Type: string(ch.Type), Private: ch.Private,
		SlowMode: strconv.FormatInt(ch.SlowMode, 10), Trading: ch.TradingDiscussions,
	}, nil)
}

func (h *handlers) changeChannel(v *ui.Request) error {
	old, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	view := channelForm(v)
	slowMode := view.slowMode()
	change := chat.Change{Topic: &view.Topic, Description: &view.Description, Private: &view.Private, SlowMode: &slowMode, TradingDiscussions: &view.Trading}
	if view.Parent != old.CategoryID {
		change.CategoryID = &view.Parent
	}
	if old.Type == chat.Iframe {
		change.URL = &view.URL
	}
	if view.Type != "" {
		change.Type = (*chat.Type)(&view.Type)
	}
	if _, err := h.Chat.UpdateChannel(v.Context(), v.Actor, v.Community.ID, old.ID, change); err != nil {
		view.ID, view.Name = old.ID, old.Topic
		if view.Type == "" {
			view.Type = string(old.Type)
		}
		return h.renderChannel(v, view, err)
	}
	return v.Redirect(v.In("/channels/"+old.ID), "Saved")
}

func (h *handlers) deleteChannel(v *ui.Request) error {
	err := h.Chat.DeleteChannel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // already deleted
		return err
	}
	return v.Redirect(v.In("/channels"), "Channel deleted")
}

// showFrame shows the page of another site inside the channel: that origin may
// be framed here, and nowhere else.
func (h *handlers) showFrame(v *ui.Request) error {
	ch, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	address, origin, err := h.Chat.Frame(v.Context(), v.Actor, v.Community.ID, ch)
	if err != nil {
		return err
	}
	p, err := h.Page(v, ch.Topic, "home", "")
	if err != nil {
		return err
	}
	p.Help = ch.Description
	const policy = "Content-Security-Policy"
	v.W.Header().Set(policy, v.W.Header().Get(policy)+"; frame-src "+origin)
	return ui.Render(v, http.StatusOK, FramePage(FrameView{Page: p, ID: ch.ID, Topic: ch.Topic, Description: ch.Description, Address: address, Origin: origin}))
}

// View is the form of a channel.
type View struct {
	ui.Page
	ID, Name                        string // "" of a new one
	Topic, Description, URL, Parent string
	Type                            string
	SlowMode                        string // seconds
	Private, Trading                bool
	Types, Parents                  []ui.Choice
	Errors                          map[string]string
}

// slowMode returns the seconds in the form, -1 for an invalid number, which is
// rejected.
func (v View) slowMode() int64 {
	seconds, err := strconv.ParseInt(cmp.Or(v.SlowMode, "0"), 10, 64)
	if err != nil {
		return -1
	}
	return seconds
}

// FrameView is the page of another site inside a channel.
type FrameView struct {
	ui.Page
	Topic, Description, Address, Origin string
	ID                                  string
}
