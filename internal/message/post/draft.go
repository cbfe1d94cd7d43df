package post

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// draft is a message that is being posted.
type draft struct {
	*Posts
	tx          *sqldb.Tx
	caller      actor.Actor
	communityID string
	in          Input
	lists       wordlist.Lists
	place       place.Place
	author      member.Member
	root        *message.Message // of a reply
	message     message.Message
}

// locate finds the channel, the root of a reply and the author, and checks that the
// actor sees them.
func (d *draft) locate(ctx context.Context, channelID, answered string) (err error) {
	if d.place, err = place.Of(ctx, d.tx, d.d.Messages.Access, d.caller, d.communityID, channelID, d.in.Sender); err != nil {
		if answered != "" && errs.KindOf(err) == errs.NotFound {
			err = errs.Missing("message")
		}
		return err
	}
	if answered != "" {
		if err := d.locateRoot(ctx, answered); err != nil {
			return err
		}
	}
	d.author, err = place.Author(ctx, d.tx, d.caller, d.communityID, d.in.Sender)
	return err
}

// locateRoot locks the root of the message that is answered.
func (d *draft) locateRoot(ctx context.Context, answered string) error {
	one, err := message.Load(ctx, d.tx, d.communityID, answered)
	if err != nil {
		return err
	}
	if !d.place.Sees(one.Hushed, one.AuthorID) {
		return errs.Missing("message")
	}
	rootID := one.ID
	if one.ParentID != "" {
		rootID = one.ParentID
	}
	root, err := message.Lock(ctx, d.tx, d.communityID, rootID)
	d.root = &root
	return err
}

// write fills in the message.
func (d *draft) write(ctx context.Context, answered string) (err error) {
	now := d.d.Messages.Clock.Now()
	d.message = message.Message{
		ID: id.New(now), ChannelID: d.place.Channel.ID, Kind: message.Posted, AuthorID: d.author.ID, Text: d.in.Text, TopicID: d.in.TopicID, Via: via(d.caller),
		Hushed: d.place.Hushed(), HasImage: len(d.in.Attachments) > 0, HasLink: len(d.in.contents.Links) > 0, PostedAt: now.UnixMilli(),
	}
	if d.in.Opening != nil {
		d.message.TopicID = d.in.Opening.ID
	}
	if d.root != nil {
		d.message.Kind, d.message.ParentID, d.message.TopicID = message.Reply, d.root.ID, d.root.TopicID
		if answered != d.root.ID {
			d.message.ReplyToID = answered
		}
	}
	d.message.Mentions, err = d.mentions(ctx)
	return err
}

// check applies the rules of the channel to the message.
func (d *draft) check(ctx context.Context) error {
	if err := d.place.RequirePosting(); err != nil {
		return err
	}
	if err := d.place.CheckAuthor(ctx, d.tx, d.d.Messages.Access, d.communityID, d.author); err != nil {
		return err
	}
	if in := d.place.Conversation; in != nil {
		if err := in.OpenFor(ctx, d.tx, d.communityID, d.author.ID); err != nil {
			return err
		}
	}
	m := &d.message
	switch {
	case m.HasLink && !d.place.Allows(permission.ShareLinks):
		return permission.LackInChannel(permission.ShareLinks)
	case m.HasImage && !d.place.Allows(permission.AttachFiles):
		return permission.LackInChannel(permission.AttachFiles)
	}
	if err := d.lists.Check(m.Text, !d.place.ByKey); err != nil {
		return err
	}
	return d.checkTopic(ctx)
}

// checkTopic checks that a message in a forum has an open topic, and others none.
func (d *draft) checkTopic(ctx context.Context) error {
	topicID, isForum := d.message.TopicID, d.place.Channel.Type == chat.Forum
	switch {
	case !isForum && d.in.Opening != nil:
		return NotAForum()
	case !isForum && topicID != "":
		return errs.Missing("topic")
	case !isForum, d.in.Opening != nil:
		return nil
	case topicID == "":
		return errs.InvalidFields([]errs.Field{errs.Wrong("forumTopicId", "topic_required", "Name the topic of the forum.")})
	}
	in, err := d.d.LockTopic(ctx, d.tx, d.communityID, topicID)
	if err != nil {
		return err
	}
	if in.ChannelID != d.place.Channel.ID {
		return errs.Missing("topic")
	}
	return RequireOpen(ctx, d.caller, d.d.Messages.Access, d.communityID, d.place, in.Locked)
}

// RequireOpen returns Conflict "topic_locked" if a topic is locked for an actor: only
// those who manage messages write in it.
func RequireOpen(ctx context.Context, caller actor.Actor, auth *access.Access, communityID string, in place.Place, locked bool) error {
	if !locked {
		return nil
	}
	manages, err := in.Manages(ctx, auth, caller, communityID)
	if err == nil && !manages {
		err = errs.New(errs.Conflict, "topic_locked", "This topic is locked. Write in another one.")
	}
	return err
}

// NotAForum returns Conflict "not_a_forum".
func NotAForum() error {
	return errs.New(errs.Conflict, "not_a_forum", "This channel has no topics. Use a channel of the type forum.")
}

// insert stores the message with what counts it, and appends its event.
func (d *draft) insert(ctx context.Context) (message.View, error) {
	m := &d.message
	if d.in.Opening != nil {
		if err := d.in.Opening.Insert(ctx, d.tx, m); err != nil {
			return message.View{}, err
		}
	}
	if err := message.Insert(ctx, d.tx, d.communityID, m); err != nil {
		return message.View{}, err
	}
	if err := d.count(ctx); err != nil {
		return message.View{}, err
	}
	if err := message.InsertMentions(ctx, d.tx, d.communityID, m); err != nil {
		return message.View{}, err
	}
	if err := search.Put(ctx, d.tx, d.communityID, m.Searched()); err != nil {
		return message.View{}, err
	}
	if err := d.replaceImages(ctx, nil); err != nil {
		return message.View{}, err
	}
	if err := d.insertNonce(ctx); err != nil {
		return message.View{}, err
	}
	if in := d.place.Conversation; in != nil {
		if err := direct.Posted(ctx, d.tx, d.communityID, in.ID, m.ID); err != nil {
			return message.View{}, err
		}
	}
	for _, hook := range d.d.Posted {
		if err := hook(ctx, d.tx, d.communityID, m); err != nil {
			return message.View{}, err
		}
	}
	return d.appendPosted(ctx)
}

// count adds the message to the numbers of the channel, the author and the root.
func (d *draft) count(ctx context.Context) error {
	m := &d.message
	visible := int64(1)
	if d.root != nil {
		if !d.root.Visible() {
			visible++ // the deleted root is shown again
		}
		d.root.Replies++
		if err := message.SetReplies(ctx, d.tx, d.communityID, d.root); err != nil {
			return err
		}
	}
	if err := message.Count(ctx, d.tx, d.communityID, m.ChannelID, visible); err != nil {
		return err
	}
	if !d.place.Counted() {
		return nil
	}
	return message.CountWritten(ctx, d.tx, d.communityID, m, 1)
}

// via returns what the actor is, if it is not a person.
func via(caller actor.Actor) message.Via {
	switch caller.Kind {
	case actor.CommunityKey:
		return message.Via{Type: "key", Name: caller.Name}
	case actor.Automation:
		return message.Via{Type: message.ViaAutomation, Name: caller.Name}
	}
	return message.Via{}
}

// appendPosted appends EventPosted and returns its message.
func (d *draft) appendPosted(ctx context.Context) (message.View, error) {
	seen, err := d.view(ctx, d.message.ID)
	if err != nil {
		return seen, err
	}
	e := event.Event{CommunityID: d.communityID, Type: message.EventPosted, UserID: d.message.AuthorID, Actor: d.caller.Ref(), ConversationID: d.place.ConversationID()}
	return seen, event.Append(ctx, d.tx, d.message.PostedAt, e, message.EventMessage{Message: seen})
}

// view returns the message, or the one that was posted with the same nonce before,
// as its author sees it.
func (d *draft) view(ctx context.Context, messageID string) (message.View, error) {
	seen, err := d.viewOf(ctx, messageID)
	if err == nil && d.in.Nonce != "" {
		seen.Nonce = &d.in.Nonce
	}
	return seen, err
}

func (d *draft) viewOf(ctx context.Context, messageID string) (message.View, error) {
	if messageID == d.message.ID {
		return d.d.Messages.NewView(ctx, d.tx, d.communityID, d.author, d.place.Channel.Topic, &d.message)
	}
	first, err := message.Load(ctx, d.tx, d.communityID, messageID)
	if err != nil {
		return message.View{}, err
	}
	return d.d.Messages.View(ctx, d.tx, d.communityID, message.Reader{MemberID: d.author.ID}, d.place, first)
}
