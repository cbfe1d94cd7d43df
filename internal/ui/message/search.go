package message

import (
	"html"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/words"
)

// SearchView are the messages that a search found.
type SearchView struct {
	ui.Page
	Query, ChannelID, User, Has, From, To string
	Channels                              []ui.Choice
	Hits                                  []Hit
	More                                  string // address of the next page; "": this is the last
	Wrong                                 string // why nothing was searched; "": it was
}

// Hit is a message that was found. Text is HTML.
type Hit struct {
	message.View
	At   int64 // Unix milliseconds
	Text string
	Path string
}

func (h *handlers) showSearch(v *ui.Request) error {
	q := v.URL.Query()
	view := SearchView{Query: q.Get("q"), ChannelID: q.Get("channel"), User: q.Get("user"), Has: q.Get("has"), From: q.Get("from"), To: q.Get("to")}
	var err error
	if view.Page, _, err = h.page(v, "Search messages", "search"); err != nil {
		return err
	}
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Channels = []ui.Choice{{Label: view.T("All channels")}}
	for _, one := range channels {
		if one.Type != chat.Iframe {
			view.Channels = append(view.Channels, ui.Choice{Value: one.ID, Label: one.Topic})
		}
	}
	if strings.TrimSpace(view.Query) != "" {
		if err := h.find(v, &view); err != nil {
			return err
		}
	}
	return ui.Render(v, 200, SearchPage(view))
}

// find adds the hits of a search.
func (h *handlers) find(v *ui.Request, view *SearchView) error {
	f := search.Filter{
		Query: view.Query, ChannelID: view.ChannelID, User: view.User, Has: view.Has, Cursor: v.URL.Query().Get("cursor"), Limit: 20,
		From: view.Reader.DayStart(view.From, 0), To: view.Reader.DayStart(view.To, 1),
	}
	hits, next, err := h.Lists.Search(v.Context(), v.Actor, v.Community.ID, f)
	if e := errs.From(err); e != nil && e.Kind.Status() < 500 {
		view.Wrong = ui.Explain(ui.PrinterOf(v.Context()), e)
		return nil
	}
	if err != nil {
		return err
	}
	for i := range hits {
		one := &hits[i]
		path := "/channels/" + one.Channel.ID + "/messages"
		if topicID := value(one.TopicID); topicID != "" {
			path = "/channels/" + one.Channel.ID + "/topics/" + topicID
		}
		view.Hits = append(view.Hits, Hit{View: one.View, At: id.Time(one.ID), Text: highlighted(one.View.Text, one.Highlight), Path: v.In(path + "?around=" + one.ID + "#m-" + one.ID)})
	}
	if next != "" {
		q := v.URL.Query()
		q.Set("cursor", next)
		view.More = v.In("/chat/search?" + q.Encode())
	}
	return nil
}

// around is the number of UTF-16 units of a text before the first highlight.
const around = 60

// highlighted returns a text as HTML with marks, from shortly before the first one.
func highlighted(text string, spans []words.Span) string {
	const longest = 300 // UTF-16 units
	units := utf16.Encode([]rune(text))
	from := 0
	if len(spans) > 0 && spans[0].Start > around {
		from = spans[0].Start - around
		if space := slices.Index(units[from:spans[0].Start], ' '); space >= 0 {
			from += space + 1
		}
	}
	to := min(len(units), from+longest)
	piece := func(start, end int) string {
		start, end = max(start, from), min(end, to)
		if start >= end {
			return ""
		}
		return html.EscapeString(string(utf16.Decode(units[start:end])))
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("… ")
	}
	at := from
	for _, s := range spans {
		if s.Start >= to {
			break
		}
		b.WriteString(piece(at, s.Start) + "<mark>" + piece(s.Start, s.Start+s.Length) + "</mark>")
		at = s.Start + s.Length
	}
	b.WriteString(piece(at, to))
	if to < len(units) {
		b.WriteString(" …")
	}
	return b.String()
}
