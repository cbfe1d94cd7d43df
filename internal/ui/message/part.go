package message

import (
	"cmp"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/ui"
)

// shown is the number of messages of a part.
const shown = 50

// together is the time between two messages of an author up to which they have one
// heading.
const together = 5 * time.Minute

// Part is a run of messages of a channel, the oldest first.
type Part struct {
	ui.Page
	Path         string // of the messages of the channel
	Items        []Item
	Older, Newer string // addresses of the parts before and after; "": none
	May          Rights
}

// Rights are what the reader may do with messages of the channel.
type Rights struct {
	Post, Pin      bool
	Delete, Manage bool   // those of others too; Manage: topics
	SelfID         string // of the member; "": the reader is none
}

// Item is a message in its part.
type Item struct {
	message.View
	At        int64         // Unix milliseconds
	NewDay    bool          // the first message of a day
	Continues bool          // the heading of the message before is its own too
	Unread    bool          // the first one that the reader has not read
	Answered  *message.View // that it replies to; nil: none that is visible
}

// Own reports whether the reader wrote the message.
func (i Item) Own(r Rights) bool { return i.User.ID != nil && *i.User.ID == r.SelfID }

// author identifies what the heading shows.
func (i Item) author() string {
	if i.User.ID == nil {
		return i.User.DisplayName + " " + viaName(i.View)
	}
	return *i.User.ID + " " + viaName(i.View)
}

// window is the place of a part in its channel. At most one field is set; none: the
// newest messages.
type window struct {
	before, after, around string // ids of messages
	from                  int64  // Unix milliseconds
}

// windowOf returns the window of an address.
func windowOf(v *ui.Request, r ui.Reader) (w window) {
	q := v.URL.Query()
	switch {
	case id.Valid(q.Get("before")):
		w.before = q.Get("before")
	case id.Valid(q.Get("after")):
		w.after = q.Get("after")
	case id.Valid(q.Get("around")):
		w.around = q.Get("around")
	case q.Get("day") != "":
		w.from = r.DayStart(q.Get("day"), 0)
	}
	return w
}

// newest reports whether the part is at the end of the channel.
func (w window) newest() bool { return w == window{} }

// part reads a part of the messages of a location.
func (h *handlers) part(v *ui.Request, page ui.Page, at location, w window) (Part, error) {
	p := Part{Page: page, Path: at.path, May: at.may}
	var older, newer []message.View
	var err error
	switch {
	case w.after != "":
		newer, err = h.list(v, at, list.Filter{After: list.Position{MessageID: w.after}})
	case w.from != 0:
		newer, err = h.list(v, at, list.Filter{After: list.Position{At: w.from}})
	case w.around != "":
		if newer, err = h.list(v, at, list.Filter{After: list.Position{MessageID: w.around}}); err != nil {
			return p, err
		}
		older, err = h.listUntil(v, at, w.around)
	default:
		older, err = h.list(v, at, list.Filter{Before: list.Position{MessageID: w.before}})
	}
	if err != nil {
		return p, err
	}
	p.Items = h.items(page.Reader, slices.Concat(trim(older, false), trim(newer, true)))
	p.setEnds(w, len(older) > shown, len(newer) > shown)
	return p, h.addAnswered(v, p.Items)
}

// list reads one message more than a part has, the oldest first.
func (h *handlers) list(v *ui.Request, at location, f list.Filter) ([]message.View, error) {
	f.ChannelID, f.TopicID, f.Count = at.id, at.topicID(), shown+1
	page, err := h.Lists.List(v.Context(), v.Actor, v.Community.ID, f)
	slices.Reverse(page.Messages)
	return page.Messages, err
}

// getMessage reads a message that the reader sees.
func (h *handlers) getMessage(v *ui.Request, messageID string) (message.View, error) {
	return h.Lists.Get(v.Context(), v.Actor, v.Community.ID, messageID, "")
}

// listUntil reads the messages up to one, with it.
func (h *handlers) listUntil(v *ui.Request, at location, messageID string) ([]message.View, error) {
	list, err := h.list(v, at, list.Filter{Before: list.Position{MessageID: messageID}})
	if err != nil {
		return nil, err
	}
	one, err := h.getMessage(v, messageID)
	if errs.KindOf(err) == errs.NotFound {
		return list, nil
	}
	return append(list, one), err
}

// trim removes the one message more that was read, at the end far from the position.
func trim(list []message.View, newer bool) []message.View {
	switch {
	case len(list) <= shown:
		return list
	case newer:
		return list[:shown]
	}
	return list[len(list)-shown:]
}

// setEnds sets the addresses of the parts before and after.
func (p *Part) setEnds(w window, older, newer bool) {
	if len(p.Items) == 0 {
		return
	}
	if older || w.after != "" || w.from != 0 {
		p.Older = p.Path + "?before=" + p.Items[0].ID
	}
	if newer || w.before != "" {
		p.Newer = p.Path + "?after=" + p.Items[len(p.Items)-1].ID
	}
}

// items adds to messages what depends on the one before.
func (h *handlers) items(r ui.Reader, list []message.View) []Item {
	items := make([]Item, len(list))
	for i, one := range list {
		items[i] = Item{View: one, At: id.Time(one.ID), NewDay: true}
		if i == 0 {
			continue
		}
		last := &items[i-1]
		items[i].NewDay = r.Day(last.At) != r.Day(items[i].At)
		items[i].Continues = !items[i].NewDay && items[i].author() == last.author() && one.ParentID == nil && one.Kind == last.Kind && items[i].At-last.At <= together.Milliseconds()
	}
	return items
}

// markUnread marks the first message that the reader has not read.
func markUnread(items []Item, lastRead string, may Rights) {
	for i := range items {
		if items[i].ID > lastRead && !items[i].Own(may) {
			items[i].Unread, items[i].Continues = true, false
			return
		}
	}
}

// addAnswered adds the messages that replies answer.
func (h *handlers) addAnswered(v *ui.Request, items []Item) error {
	known := map[string]*message.View{}
	for i := range items {
		known[items[i].ID] = &items[i].View
	}
	for i := range items {
		answered := cmp.Or(value(items[i].ReplyToID), value(items[i].ParentID))
		if answered == "" {
			continue
		}
		if known[answered] == nil {
			one, err := h.getMessage(v, answered)
			if errs.KindOf(err) == errs.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			known[answered] = &one
		}
		items[i].Answered = known[answered]
	}
	return nil
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func viaName(one message.View) string {
	if one.Via == nil {
		return ""
	}
	return one.Via.Name
}

// showPart answers with messages alone: those with the ids of the address, or a part.
func (h *handlers) showPart(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	page := ui.Page{Reader: h.Reader(v), Community: ui.Community{ID: v.Community.ID}}
	ids := v.URL.Query()["id"]
	if len(ids) == 0 {
		part, err := h.part(v, page, at, windowOf(v, page.Reader))
		if err != nil {
			return err
		}
		return ui.Render(v, 200, PartOf(part))
	}
	part, err := h.partOf(v, page, at, ids)
	if err != nil {
		return err
	}
	return ui.Render(v, 200, PartOf(part))
}

// partOf returns the messages with ids that are visible at a location.
func (h *handlers) partOf(v *ui.Request, page ui.Page, at location, ids []string) (Part, error) {
	p := Part{Page: page, Path: at.path, May: at.may}
	slices.Sort(ids)
	var list []message.View
	for _, messageID := range slices.Compact(ids[:min(len(ids), shown)]) {
		one, err := h.getMessage(v, messageID)
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			return p, err
		}
		if one.Channel.ID == at.id && value(one.TopicID) == at.topicID() {
			list = append(list, one)
		}
	}
	p.Items = h.items(page.Reader, list)
	return p, h.addAnswered(v, p.Items)
}

// acts is the address of the acts on a message.
func (p Part) acts(i Item) string {
	return p.In("/channels/" + i.Channel.ID + "/messages/" + i.ID)
}

// answeredText is the beginning of a message that a reply answers.
func answeredText(p Part, one message.View) string {
	switch {
	case one.DeletedAt != nil:
		return p.T("This message was deleted.")
	case one.Hidden != "":
		return p.T("A message of a member whom you have blocked.")
	case one.Text == "":
		return p.T("Picture")
	}
	return ui.Excerpt(one.Text)
}

// emojiOf is an emoji as color fonts show it: symbols that are also text need a
// variation selector.
func emojiOf(kind string) string {
	if len([]rune(kind)) == 1 && []rune(kind)[0] < 0x1F000 {
		return kind + "\uFE0F"
	}
	return kind
}

var notifyChoices = []ui.Choice{
	{Value: string(readstate.NotifyAll), Label: i18n.Key("All messages")},
	{Value: string(readstate.NotifyMentions), Label: i18n.Key("Messages that mention me")},
	{Value: string(readstate.NotifyNone), Label: i18n.Key("Nothing")},
}

// emojiGroups are the names of emoji.Groups.
var emojiGroups = []string{
	i18n.Key("Smileys and emotion"), i18n.Key("People and body"), i18n.Key("Animals and nature"), i18n.Key("Food and drink"),
	i18n.Key("Travel and places"), i18n.Key("Activities"), i18n.Key("Objects"), i18n.Key("Symbols"), i18n.Key("Flags"),
}

// groupName translates the name of a group of emoji.
func groupName(p ui.Page, name string) string {
	if !slices.Contains(emojiGroups, name) {
		return name
	}
	return p.T(name)
}

// quickReactions are offered without a search.
var quickReactions = []string{":+1:", ":heart:", ":joy:", ":tada:", ":eyes:", ":pray:"}

// kindOf is the emoji of a shortcode.
func kindOf(shortcode string) string {
	kind, _ := emoji.Parse(shortcode)
	return kind.Text
}
