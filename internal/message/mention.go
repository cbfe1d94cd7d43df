package message

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/markdown"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
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

// target is what message_mentions has for the mention.
func (one *Mention) target() string {
	if one.Kind == MentionsAll {
		return Everyone
	}
	return one.ID
}

// mentions returns what the text names. Without allow_mentions it names nothing.
func (d *draft) mentions(ctx context.Context) ([]Mention, error) {
	if len(d.in.contents.Mentions) == 0 || !d.place.Allows(permission.AllowMentions) {
		return nil, nil
	}
	found, err := resolve(ctx, d.tx, d.communityID, d.in.contents.Mentions)
	if err != nil {
		return nil, err
	}
	if len(found) > MaxMentions {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("message", "too_many", "A message has at most %d mentions.", MaxMentions)})
	}
	allowed, err := d.allowed(ctx)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Notify = d.in.Allowed == nil || allowed[found[i].target()]
	}
	return found, nil
}

// allowed returns the targets of mentions that the sender lets notify.
func (d *draft) allowed(ctx context.Context) (map[string]bool, error) {
	if d.in.Allowed == nil {
		return nil, nil
	}
	targets := map[string]bool{Everyone: d.in.Allowed.Everyone}
	for _, roleID := range d.in.Allowed.Roles {
		targets[roleID] = true
	}
	for _, ref := range d.in.Allowed.Users {
		named, err := directory.Load(ctx, d.tx, d.communityID, ref, member.Active)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, err
		}
		targets[named.ID] = err == nil
	}
	return targets, nil
}

// maxNames bounds the names of a text that are looked up.
const maxNames = 2_000

// resolve returns the mentions among the tokens of a text.
func resolve(ctx context.Context, q sqldb.Querier, communityID string, tokens []markdown.Token) ([]Mention, error) {
	var ids, keys []string
	for _, t := range tokens {
		if t.ID != "" {
			ids = append(ids, t.ID)
		}
		for _, name := range t.Names {
			keys = append(keys, account.UsernameKey(name))
		}
	}
	if len(keys)+len(ids) > maxNames {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("message", "too_many", "A message has at most %d mentions.", MaxMentions)})
	}
	named, err := loadNamed(ctx, q, communityID, ids, keys)
	if err != nil {
		return nil, err
	}
	var found []Mention
	for _, t := range tokens {
		if one, ok := named.meaning(t); ok {
			one.Start = t.Start
			found = append(found, one)
		}
	}
	return found, nil
}

// named are the members and roles that a text may name.
type named struct {
	byID, byKey map[string]Mention // members
	byTitle     map[string]Mention // roles, by the key of their title
}

// meaning returns what a token names.
func (n *named) meaning(t markdown.Token) (one Mention, ok bool) {
	if t.ID != "" {
		one, ok = n.byID[t.ID]
		one.Length = t.Length("")
		return one, ok
	}
	for _, name := range t.Names {
		key := account.UsernameKey(name)
		if key == Everyone {
			return Mention{Kind: MentionsAll, Name: Everyone, Length: t.Length(name)}, true
		}
		if one, ok = n.byKey[key]; !ok {
			one, ok = n.byTitle[key]
		}
		if ok {
			one.Length = t.Length(name)
			return one, true
		}
	}
	return Mention{}, false
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

// erasedName replaces the name of an erased member.
const erasedName = "deleted"

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
		text.WriteString(m.Text[end:start] + "@" + erasedName)
		end = start + length
		one.ID, one.Name, one.Notify, one.Length = "", erasedName, false, len("@"+erasedName)
		moved += one.Length - length
	}
	m.Text = text.String() + m.Text[end:]
}
