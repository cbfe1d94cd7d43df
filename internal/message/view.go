package message

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/sqldb"
)

// View is a message as a reader sees it, on the wire.
type View struct {
	ID          string             `json:"id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Text        string             `json:"message" doc:"Markdown. Empty for a deleted message that has replies."`
	User        Author             `json:"user"`
	Channel     ChannelName        `json:"channel"`
	Timestamp   string             `json:"timestamp" format:"date-time"`
	Kind        Kind               `json:"kind" enum:"message,reply,analysis,system"`
	HTML        string             `json:"html" doc:"The text as sanitised HTML."`
	ParentID    *string            `json:"parentId" nullable:"true" doc:"The first message of the replies."`
	ReplyToID   *string            `json:"replyToId" nullable:"true" doc:"The reply that a reply answers."`
	TopicID     *string            `json:"topicId" nullable:"true" doc:"The topic of a forum."`
	Attachments []image.Attachment `json:"attachments" nullable:"false"`
	Mentions    []Mentioned        `json:"mentions" nullable:"false" doc:"The members that the text names."`
	Reactions   []Reactions        `json:"reactions" nullable:"false" doc:"The first kind first."`
	ReplyCount  int64              `json:"replyCount"`
	Pinned      bool               `json:"pinned"`
	EditedAt    *string            `json:"editedAt" format:"date-time" nullable:"true"`
	DeletedAt   *string            `json:"deletedAt" format:"date-time" nullable:"true"`
	Nonce       *string            `json:"nonce" nullable:"true" doc:"The nonce of the request, in its response and event only."`
	Hidden      string             `json:"hidden,omitempty" enum:"blocked" doc:"The reader has blocked the author, so the content is empty."`
	Via         *Via               `json:"via,omitempty" doc:"What sent the message in the name of the author; absent for a person."`
}

// Author is the author of a message.
type Author struct {
	ID          *string `json:"user_id" nullable:"true" doc:"The _id of the member; null for one that was deleted or erased, and for the system."`
	Username    string  `json:"username"`
	DisplayName string  `json:"displayName"`
	Avatar      string  `json:"avatar" doc:"The address of the picture; empty without one."`
	Email       string  `json:"email,omitempty" doc:"For keys of the community, for persons with the right to read user data, and of the own messages."`
	Deleted     bool    `json:"deleted,omitempty"`
	Bot         bool    `json:"bot,omitempty" doc:"An automation, which is no member; displayName is its name at that time."`
}

// ChannelName names the channel of a message.
type ChannelName struct {
	ID   string `json:"channel_id"`
	Name string `json:"name"`
}

// Mentioned is a member that a message names.
type Mentioned struct {
	ID       string `json:"user_id"`
	Username string `json:"username"`
}

// deletedName is the display name of former members.
const deletedName = "Deleted member"

// Reader reads messages.
type Reader struct {
	MemberID  string   // "": a key
	SeesEmail bool     // of all authors
	blocked   []string // members that the reader has blocked
}

// ReaderOf returns the reader that an actor is.
func (m *Messages) ReaderOf(ctx context.Context, caller actor.Actor, communityID, memberID string) (Reader, error) {
	if memberID == "" && place.IsKey(caller) {
		return Reader{SeesEmail: true}, nil
	}
	blocked, err := block.BlockedBy(ctx, m.DB, communityID, memberID)
	if err != nil {
		return Reader{}, err
	}
	if place.IsKey(caller) {
		return Reader{MemberID: memberID, SeesEmail: true, blocked: blocked}, nil
	}
	err = m.Access.Can(ctx, caller, communityID, permission.GetUserData)
	if errs.KindOf(err) == errs.Forbidden {
		return Reader{MemberID: memberID, blocked: blocked}, nil
	}
	return Reader{MemberID: memberID, SeesEmail: true, blocked: blocked}, err
}

// Views returns messages as a reader sees them; names are those of their channels by
// id.
func (m *Messages) Views(ctx context.Context, q sqldb.Querier, communityID string, r Reader, names map[string]string, list []Message) ([]View, error) {
	authorIDs, shown := make([]string, len(list)), make([]string, 0, len(list))
	for i := range list {
		authorIDs[i] = list[i].AuthorID
		if list[i].DeletedAt == 0 {
			shown = append(shown, list[i].ID)
		}
	}
	authors, err := m.Authors(ctx, q, communityID, r, authorIDs)
	if err != nil {
		return nil, err
	}
	attached, err := m.attachments(ctx, q, communityID, list)
	if err != nil {
		return nil, err
	}
	reacted, err := ReactionsTo(ctx, q, communityID, r.MemberID, shown)
	views := make([]View, len(list))
	for i := range list {
		one := &list[i]
		views[i] = newView(one, authors[one.AuthorID], names[one.ChannelID], attached[one.ID])
		views[i].Reactions = orEmpty(reacted[one.ID])
		if slices.Contains(r.blocked, one.AuthorID) {
			views[i].hide()
		}
	}
	return views, err
}

// NewView returns a message that has no reactions yet as its author sees it; channel is
// the name of its channel.
func (m *Messages) NewView(ctx context.Context, q sqldb.Querier, communityID string, author member.Member, channel string, one *Message) (View, error) {
	attached, err := m.attachments(ctx, q, communityID, []Message{*one})
	if err != nil {
		return View{}, err
	}
	return newView(one, m.author(communityID, Reader{MemberID: author.ID}, author), channel, attached[one.ID]), nil
}

// attachments returns the images of messages that are not deleted.
func (m *Messages) attachments(ctx context.Context, q sqldb.Querier, communityID string, list []Message) (map[string][]image.Attachment, error) {
	var pictured []string
	for i := range list {
		if list[i].DeletedAt == 0 && list[i].HasImage {
			pictured = append(pictured, list[i].ID)
		}
	}
	if len(pictured) == 0 {
		return nil, nil
	}
	return m.Images.Of(ctx, q, communityID, pictured)
}

// View is Views of one message in its place.
func (m *Messages) View(ctx context.Context, q sqldb.Querier, communityID string, r Reader, p place.Place, one Message) (View, error) {
	views, err := m.Views(ctx, q, communityID, r, map[string]string{one.ChannelID: p.Channel.Topic}, []Message{one})
	if err != nil {
		return View{}, err
	}
	return views[0], nil
}

func newView(one *Message, by Author, channel string, attached []image.Attachment) View {
	v := View{
		ID: one.ID, User: by, Channel: ChannelName{one.ChannelID, channel}, Timestamp: clock.Format(one.PostedAt), Kind: one.Kind,
		ParentID: orNull(one.ParentID), ReplyToID: orNull(one.ReplyToID), TopicID: orNull(one.TopicID), Attachments: []image.Attachment{}, Mentions: []Mentioned{},
		Reactions: []Reactions{}, ReplyCount: one.Replies, Pinned: one.PinnedAt != 0 && one.DeletedAt == 0, EditedAt: orNull(clock.Format(one.EditedAt)), DeletedAt: orNull(clock.Format(one.DeletedAt)),
	}
	if one.Via.Type != "" {
		v.Via = &one.Via
	}
	if one.Via.Type == ViaAutomation {
		v.User = Author{DisplayName: one.Via.Name, Bot: true}
	}
	if one.DeletedAt != 0 {
		return v
	}
	v.Text, v.HTML, v.Attachments = one.Text, one.html(), orEmpty(attached)
	for _, mention := range one.Mentions {
		if mention.Kind == MentionsMember && mention.ID != "" {
			v.Mentions = append(v.Mentions, Mentioned{mention.ID, mention.Name})
		}
	}
	return v
}

// hide removes the content of a message of a blocked author.
func (v *View) hide() {
	v.Hidden, v.Text, v.HTML, v.Attachments = "blocked", "", "", []image.Attachment{}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Reactions are those of one kind to a message.
type Reactions struct {
	Emoji     string `json:"emoji" example:"❤"`
	Shortcode string `json:"shortcode" example:":heart:"`
	Count     int64  `json:"count"`
	Me        bool   `json:"me" doc:"The reader is among them."`
}

// ReactionsTo returns the reactions to messages, by message. readerID is a member.
func ReactionsTo(ctx context.Context, q sqldb.Querier, communityID, readerID string, messageIDs []string) (map[string][]Reactions, error) {
	counts, err := reaction.CountsOf(ctx, q, communityID, readerID, messageIDs)
	byMessage := make(map[string][]Reactions, len(counts))
	for messageID, kinds := range counts {
		for _, one := range kinds {
			known, _ := emoji.Parse(one.Emoji)
			byMessage[messageID] = append(byMessage[messageID], Reactions{one.Emoji, known.Shortcode, one.Count, one.Me})
		}
	}
	return byMessage, err
}
