package message

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/markdown"
)

// MentionKind is what a mention names.
type MentionKind string

// Kinds of mentions.
const (
	MentionsMember MentionKind = "member"
	MentionsRole   MentionKind = "role"
	MentionsAll    MentionKind = "all"
)

// Everyone is the target of a mention of all members, and its name.
const Everyone = "all"

// Mention is a part of a text that names a member, a role or everyone.
type Mention struct {
	Kind   MentionKind `json:"kind"`
	ID     string      `json:"id,omitempty"` // of the member or role; "": everyone, or an erased member
	Name   string      `json:"name"`         // username or title at that time
	Start  int         `json:"start"`        // in the text, in bytes
	Length int         `json:"length"`       // in bytes
	Notify bool        `json:"notify,omitempty"`
}

// Target is the id of what the mention names, Everyone for all.
func (one *Mention) Target() string {
	if one.Kind == MentionsAll {
		return Everyone
	}
	return one.ID
}

// html returns the text as sanitised HTML.
func (m *Message) html() string {
	mentions := make(map[int]markdown.Mention, len(m.Mentions))
	for _, one := range m.Mentions {
		shown := markdown.Mention{Length: one.Length, Label: one.Name}
		switch one.Kind {
		case MentionsMember:
			shown.User = one.ID
		case MentionsRole:
			shown.Role = one.ID
		}
		mentions[one.Start] = shown
	}
	return markdown.Render(m.Text, markdown.Options{Mentions: mentions})
}

// ErasedName replaces the name of an erased member.
const ErasedName = "deleted"

// eraseMentions replaces the mentions of members in the text.
func (m *Message) eraseMentions(memberIDs []string) {
	var text strings.Builder
	end, moved := 0, 0
	for i := range m.Mentions {
		one := &m.Mentions[i]
		start, length := one.Start, one.Length
		one.Start += moved
		if one.Kind != MentionsMember || !slices.Contains(memberIDs, one.ID) || start < end || start+length > len(m.Text) {
			continue
		}
		text.WriteString(m.Text[end:start] + "@" + ErasedName)
		end = start + length
		one.ID, one.Name, one.Notify, one.Length = "", ErasedName, false, len("@"+ErasedName)
		moved += one.Length - length
	}
	m.Text = text.String() + m.Text[end:]
}
