package message

import (
	"context"
	"html"
	"regexp"
	"slices"
	"strings"
)

// MentionKind is what a mention names.
type MentionKind string

// Kinds of mentions.
const (
	MentionsMember MentionKind = "member"
	MentionsRole   MentionKind = "role"
	MentionsAll    MentionKind = "all"
)

// everyone is the target of a mention of all members.
const everyone = "all"

// Mention is what a text names.
type Mention struct {
	Kind   MentionKind `json:"kind"`
	ID     string      `json:"id,omitempty"`   // of the member or role; "": everyone, or an erased member
	Name   string      `json:"name,omitempty"` // username or title at that time
	Text   string      `json:"text"`           // as written, such as @ben
	Notify bool        `json:"notify,omitempty"`
}

// mentions returns what the text names, in its order.
func (d *draft) mentions(context.Context) ([]Mention, error) { return nil, nil }

var address = regexp.MustCompile(`https?://[^\s<>]+`)

// links returns the addresses in a text.
func links(text string) []string { return address.FindAllString(text, -1) }

// html returns the text as HTML.
func (m *Message) html() string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>") + "</p>"
}

// erasedMention replaces the mention of an erased member in a text.
const erasedMention = "@deleted"

// eraseMentions replaces the mentions of members in the text.
func (m *Message) eraseMentions(memberIDs []string) {
	for i, one := range m.Mentions {
		if one.Kind == MentionsMember && slices.Contains(memberIDs, one.ID) {
			m.Text = strings.ReplaceAll(m.Text, one.Text, erasedMention)
			m.Mentions[i] = Mention{Kind: MentionsMember, Text: erasedMention, Name: strings.TrimPrefix(erasedMention, "@")}
		}
	}
}
