package message

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/ui"
)

// View is the page of a channel: a part of its messages with the form of a new one.
type View struct {
	Part
	Channel  chat.Channel
	Topic    *topic.Topic // nil: none
	State    readstate.State
	Window   window
	Sequence int64 // of the newest event before the messages were read
	Form     Form
}

// back is the address of the level above: the forum, or the list of channels.
func (v View) back() string {
	if v.Topic != nil {
		return v.In("/channels/" + v.Channel.ID + "/topics")
	}
	return v.In("/chat?list=1")
}

// Form is the form of a message. Answered is the message that it replies to.
type Form struct {
	Text     string
	Nonce    string
	TopicID  string
	Answered *message.View
	Errors   map[string]string
	Alert    ui.Alert
}

// showMessages shows a channel, or where its messages are if it is a forum or the page
// of another site.
func (h *handlers) showMessages(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	switch {
	case at.Channel.Type == chat.Iframe:
		return v.Redirect(v.In("/channels/"+at.id+"/view"), "")
	case at.Channel.Type == chat.Forum && at.topic == nil && windowOf(v, h.Reader(v)).around == "":
		return v.Redirect(v.In("/channels/"+at.id+"/topics"), "")
	}
	form, err := h.newForm(v, at)
	if err != nil {
		return err
	}
	return h.render(v, at, form, nil)
}

// newForm returns the empty form, as a reply if the address says so.
func (h *handlers) newForm(v *ui.Request, at location) (Form, error) {
	form := Form{Nonce: id.Secret(id.Size / 2), TopicID: at.topicID()}
	return form, h.answer(v, &form, v.URL.Query().Get("reply"))
}

// answer makes the form a reply to a message; "": it is none.
func (h *handlers) answer(v *ui.Request, form *Form, messageID string) error {
	if messageID == "" {
		return nil
	}
	one, err := h.getMessage(v, messageID)
	form.Answered = &one
	return err
}

// render shows the messages of a location with a form.
func (h *handlers) render(v *ui.Request, at location, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := View{Channel: at.Channel, Topic: at.topic, Window: windowOf(v, h.Reader(v)), Form: form}
	if view.Form.Errors = ui.FieldErrors(v.Context(), cause); view.Form.Errors == nil {
		view.Form.Alert = refused
	}
	if view.Sequence, err = h.Events.Latest(v.Context(), v.Community.ID); err != nil {
		return err
	}
	page, states, err := h.page(v, at.title(), at.id)
	if err != nil {
		return err
	}
	view.State = states[at.id]
	if view.Part, err = h.part(v, page, at, view.Window); err != nil {
		return err
	}
	if view.State.Unread > 0 && view.State.LastReadID != "" {
		markUnread(view.Items, view.State.LastReadID, at.may)
	}
	return ui.Render(v, status, MessagesPage(view))
}

// page returns a page of the chat, with the list of channels as second level, and their
// states. current is the id of a channel, or the key of a page.
func (h *handlers) page(v *ui.Request, title, current string) (ui.Page, map[string]readstate.State, error) {
	p, err := h.Page(v, title, "chat", "")
	if err != nil {
		return p, nil, err
	}
	list, states, err := h.channelList(v, p, current)
	if err != nil {
		return p, nil, err
	}
	p.Second = ChannelList(list)
	return p, states, nil
}

// List is the list of channels.
type List struct {
	ui.Page
	Current string // id of a channel, or key of a page
	Groups  []Group
	Talks   []Talk
	Manage  bool // the reader manages channels
	Start   bool // the reader may begin a conversation
}

// Group is a category with its channels.
type Group struct {
	Name     string // "": in no category
	Channels []Entry
}

// Entry is a channel in the list.
type Entry struct {
	ui.ChannelRow
	State readstate.State
}

func (h *handlers) channelList(v *ui.Request, p ui.Page, current string) (List, map[string]readstate.State, error) {
	list := List{Page: p, Current: current}
	may, err := h.Access.Allowed(v.Context(), v.Actor, v.Community.ID, permission.ManageChannels, permission.StartDirect)
	if err != nil {
		return list, nil, err
	}
	list.Manage = may[permission.ManageChannels]
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return list, nil, err
	}
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return list, nil, err
	}
	states, err := h.ReadStates.Of(v.Context(), v.Actor, v.Community.ID, channels)
	if err != nil {
		return list, nil, err
	}
	if states != nil { // a member
		list.Start = may[permission.StartDirect]
		if list.Talks, err = h.talks(v, states); err != nil {
			return list, nil, err
		}
	}
	for _, g := range ui.GroupChannels(categories, channels) {
		if len(g.Channels) == 0 {
			continue
		}
		group := Group{Name: g.Name}
		for _, row := range g.Channels {
			group.Channels = append(group.Channels, Entry{row, states[row.ID]})
		}
		list.Groups = append(list.Groups, group)
	}
	return list, states, nil
}

// showList answers with the list of channels alone.
func (h *handlers) showList(v *ui.Request) error {
	list, _, err := h.channelList(v, ui.Page{Reader: h.Reader(v), Community: ui.Community{ID: v.Community.ID}}, v.URL.Query().Get("current"))
	if err != nil {
		return err
	}
	return ui.Render(v, 200, ChannelList(list))
}

// enter leads to the first channel with unread messages, else to the first one.
func (h *handlers) enter(v *ui.Request) error {
	p, err := h.Page(v, "Chat", "chat", "")
	if err != nil {
		return err
	}
	list, _, err := h.channelList(v, p, "")
	if err != nil {
		return err
	}
	if first := list.first(); first != "" && v.URL.Query().Get("list") == "" {
		return v.Redirect(v.In("/channels/"+first+"/messages"), "")
	}
	p.Second = ChannelList(list)
	list.Page = p
	return ui.Render(v, 200, ChatPage(list))
}

// first is the id of the channel to read first; "": there is none.
func (l List) first() (first string) {
	for _, g := range l.Groups {
		for _, one := range g.Channels {
			if one.Page {
				continue
			}
			if one.State.Unread > 0 && !one.State.Muted {
				return one.ID
			}
			if first == "" {
				first = one.ID
			}
		}
	}
	return first
}

// markRead moves the marker of the reader to a message, or before it to make it unread.
func (h *handlers) markRead(v *ui.Request) error {
	channelID, messageID := v.PathValue("channel"), v.PostFormValue("message")
	if _, err := h.ReadStates.Read(v.Context(), v.Actor, v.Community.ID, channelID, messageID, v.PostFormValue("unread") != ""); err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	return done(v, v.In("/channels/"+channelID+"/messages"))
}

// changePreferences mutes a channel, or says which of its messages notify.
func (h *handlers) changePreferences(v *ui.Request) error {
	channelID := v.PathValue("channel")
	muted, notify := v.PostFormValue("muted") != "", readstate.Notify(v.PostFormValue("notify"))
	if _, err := h.ReadStates.SetPreferences(v.Context(), v.Actor, v.Community.ID, channelID, readstate.Change{Muted: &muted, Notify: &notify}); err != nil {
		return err
	}
	return v.Redirect(v.In("/channels/"+channelID+"/messages"), "Saved")
}

// search finds channels for the palette.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Channels")}
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	for _, ch := range channels {
		if ui.Matches(ch.Topic, text) && len(group.Items) < ui.FoundLimit {
			group.Items = append(group.Items, ui.PaletteItem{Icon: ui.ChannelIcon(ch.Type), Label: ch.Topic, Link: v.In("/channels/" + ch.ID + "/messages")})
		}
	}
	return group, err
}
