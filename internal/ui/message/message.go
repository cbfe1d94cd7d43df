package message

import (
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/ui"
)

// shown is the number of messages on a page.
const shown = 50

// View is a part of the messages of a channel, the newest last.
type View struct {
	ui.Page
	ID, Topic, Description string
	Groups                 []ui.ChannelGroup // of the list beside the messages
	Days                   []Day
	Older, Newest          string // addresses; "": this is the end
	Form                   Form
}

// Day has the messages of a day.
type Day struct {
	At     int64 // Unix milliseconds, of the first message
	Blocks []Block
}

// Block has messages that one author posted shortly after each other.
type Block struct {
	Author   message.Author
	Via      string // "": a person
	At       int64  // Unix milliseconds, of the first message
	Messages []message.View
}

// Form is the form of a message. Answered is the message that it replies to.
type Form struct {
	MayPost  bool
	Text     string
	Nonce    string
	Answered *message.View
	Errors   map[string]string
	Alert    ui.Alert
}

func (h *handlers) showMessages(v *ui.Request) error {
	form := Form{Nonce: id.Secret(id.Size / 2)}
	if answered := v.URL.Query().Get("reply"); answered != "" {
		one, err := h.Lists.Get(v.Context(), v.Actor, v.Community.ID, answered, "")
		if err != nil {
			return err
		}
		form.Answered = &one
	}
	return h.render(v, form, nil)
}

// send posts the message of the form.
func (h *handlers) send(v *ui.Request) error {
	channelID := v.PathValue("channel")
	in := post.Input{Text: v.PostFormValue("message"), Nonce: v.PostFormValue("nonce")}
	var err error
	answered := v.PostFormValue("reply")
	if answered == "" {
		_, err = h.Posts.Send(v.Context(), v.Actor, v.Community.ID, channelID, in)
	} else {
		_, err = h.Posts.Reply(v.Context(), v.Actor, v.Community.ID, answered, in)
	}
	if err == nil {
		return v.Redirect(v.In("/channels/"+channelID+"/messages#newest"), "")
	}
	form := Form{Text: in.Text, Nonce: in.Nonce}
	if answered != "" {
		one, err := h.Lists.Get(v.Context(), v.Actor, v.Community.ID, answered, "")
		if err != nil {
			return err
		}
		form.Answered = &one
	}
	return h.render(v, form, err)
}

// render shows the messages of the channel with a form.
func (h *handlers) render(v *ui.Request, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	ch, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	view := View{ID: ch.ID, Topic: ch.Topic, Description: ch.Description, Form: form}
	if view.Page, err = h.Page(v, ch.Topic, "home", ""); err != nil {
		return err
	}
	if view.Form.Errors = ui.FieldErrors(v.Context(), cause); view.Form.Errors == nil {
		view.Form.Alert = refused
	}
	if view.Form.MayPost, err = h.mayPost(v, ch); err != nil {
		return err
	}
	if view.Groups, err = h.groups(v); err != nil {
		return err
	}
	if err := h.read(v, &view); err != nil {
		return err
	}
	return ui.Render(v, status, MessagesPage(view))
}

// mayPost reports whether the reader is a member who may write in the channel.
func (h *handlers) mayPost(v *ui.Request, ch chat.Channel) (bool, error) {
	if _, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID); errs.KindOf(err) == errs.NotFound {
		return false, nil
	} else if err != nil {
		return false, err
	}
	p, err := h.Messages.Place(v.Context(), v.Actor, v.Community.ID, ch.ID)
	return err == nil && ch.Type != chat.Forum && p.RequirePosting() == nil, err
}

func (h *handlers) groups(v *ui.Request) ([]ui.ChannelGroup, error) {
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	return ui.GroupChannels(categories, channels), err
}

// read fills in the messages before the position of the address.
func (h *handlers) read(v *ui.Request, view *View) error {
	f := list.Filter{ChannelID: view.ID, Count: shown + 1}
	path := v.In("/channels/" + view.ID + "/messages")
	if before := v.URL.Query().Get("before"); id.Valid(before) {
		f.Before.MessageID, view.Newest = before, path
	}
	page, err := h.Lists.List(v.Context(), v.Actor, v.Community.ID, f)
	if err != nil {
		return err
	}
	found := page.Messages
	if len(found) > shown {
		found = found[:shown]
		view.Older = path + "?before=" + found[shown-1].ID
	}
	slices.Reverse(found)
	view.Days = days(view.Reader, found)
	return nil
}

// together is the time between two messages of an author up to which they have one
// heading.
const together = 5 * time.Minute

// days groups messages, the oldest first.
func days(r ui.Reader, list []message.View) (all []Day) {
	var last int64
	for _, one := range list {
		at := id.Time(one.ID)
		if len(all) == 0 || r.Day(all[len(all)-1].At) != r.Day(at) {
			all = append(all, Day{At: at})
		}
		day := &all[len(all)-1]
		if n := len(day.Blocks); n == 0 || !continues(day.Blocks[n-1], one) || at-last > together.Milliseconds() {
			day.Blocks = append(day.Blocks, Block{Author: one.User, Via: viaName(one), At: at})
		}
		block := &day.Blocks[len(day.Blocks)-1]
		block.Messages, last = append(block.Messages, one), at
	}
	return all
}

// continues reports whether a message is from the author of a block.
func continues(b Block, one message.View) bool {
	return b.Author.ID != nil && one.User.ID != nil && *b.Author.ID == *one.User.ID && b.Via == viaName(one) && one.ParentID == nil
}

func viaName(one message.View) string {
	if one.Via == nil {
		return ""
	}
	return one.Via.Name
}

// name is how an author is shown.
func name(a message.Author) string {
	if a.DisplayName != "" {
		return a.DisplayName
	}
	return a.Username
}

// excerpt is the beginning of a text in one line.
func excerpt(text string) string {
	const longest = 80
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > longest {
		return string(line[:longest]) + "…"
	}
	return string(line)
}
