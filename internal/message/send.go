package message

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// Send posts a message in a channel. The same nonce of the same author returns the
// first message again. It fails with the codes of contract/05, section 4: Invalid
// "invalid_input" or "topic_required", Forbidden "missing_permission" or
// "sender_not_self", NotFound "channel_not_found" or "user_not_found", and Conflict
// "channel_read_only", "sender_not_active" or "idempotency_mismatch".
func (m *Messages) Send(ctx context.Context, caller actor.Actor, communityID, channelID string, in Input) (View, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return View{}, err
	}
	if err := in.normalise(); err != nil {
		return View{}, err
	}
	return m.post(ctx, caller, communityID, channelID, "", in)
}

// Reply answers a message, which may be a reply itself. It fails as Send does, or
// with NotFound "message_not_found".
func (m *Messages) Reply(ctx context.Context, caller actor.Actor, communityID, messageID string, in Input) (View, error) {
	if err := m.Access.CanAny(ctx, caller, communityID, permission.ReplyMessage, permission.SendMessage); err != nil {
		return View{}, err
	}
	if err := in.normalise(); err != nil {
		return View{}, err
	}
	channelID, err := channelOf(ctx, m.DB, communityID, messageID)
	if err != nil {
		return View{}, err
	}
	return m.post(ctx, caller, communityID, channelID, messageID, in)
}

// post is a transaction in which a message is posted. answered is the id of the
// message that it replies to; "": none.
func (m *Messages) post(ctx context.Context, caller actor.Actor, communityID, channelID, answered string, in Input) (sent View, err error) {
	lists, err := wordlist.Of(ctx, m.DB, communityID)
	if err != nil {
		return View{}, err
	}
	return sent, m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		d := &draft{Messages: m, tx: tx, caller: caller, communityID: communityID, in: in, lists: lists}
		if err := d.locate(ctx, channelID, answered); err != nil {
			return err
		}
		if err := d.write(ctx, answered); err != nil {
			return err
		}
		first, err := d.repeated(ctx, answered)
		if err != nil {
			return err
		}
		if first != "" {
			sent, err = d.view(ctx, first)
			return err
		}
		if err := d.check(ctx); err != nil {
			return err
		}
		if err := d.waitSlowMode(ctx); err != nil {
			return err
		}
		sent, err = d.insert(ctx)
		return err
	})
}

// draft is a message that is being posted.
type draft struct {
	*Messages
	tx          *sqldb.Tx
	caller      actor.Actor
	communityID string
	in          Input
	lists       wordlist.Lists
	place       place.Place
	author      member.Member
	root        *Message // of a reply
	message     Message
}

// locate finds the channel, the root of a reply and the author, and checks that the
// actor sees them.
func (d *draft) locate(ctx context.Context, channelID, answered string) (err error) {
	if d.place, err = place.Of(ctx, d.tx, d.Access, d.caller, d.communityID, channelID); err != nil {
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
	one, err := load(ctx, d.tx, d.communityID, answered)
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
	root, err := lock(ctx, d.tx, d.communityID, rootID)
	d.root = &root
	return err
}

// write fills in the message.
func (d *draft) write(ctx context.Context, answered string) (err error) {
	now := d.Clock.Now()
	d.message = Message{
		ID: id.New(now), ChannelID: d.place.Channel.ID, Kind: Posted, AuthorID: d.author.ID, Text: d.in.Text, TopicID: d.in.TopicID, Via: via(d.caller),
		Hushed: d.place.Hushed(), HasImage: len(d.in.Attachments) > 0, HasLink: len(d.in.contents.Links) > 0, PostedAt: now.UnixMilli(),
	}
	if d.in.Opening != nil {
		d.message.TopicID = d.in.Opening.ID
	}
	if d.root != nil {
		d.message.Kind, d.message.ParentID, d.message.TopicID = Reply, d.root.ID, d.root.TopicID
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
	if err := d.place.CheckAuthor(ctx, d.tx, d.Access, d.communityID, d.author); err != nil {
		return err
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

// waitSlowMode refuses a message that the author posts too soon after the last one
// in the channel, with Limited "slow_mode". It does not apply to keys that manage
// channels and to managers of messages.
func (d *draft) waitSlowMode(ctx context.Context) error {
	pause := d.place.Channel.SlowMode * 1_000
	if pause == 0 || d.place.ByKey && d.Access.Can(ctx, d.caller, d.communityID, permission.ManageChannels) == nil || !d.place.ByKey && d.place.Allows(permission.ManageMessages) {
		return nil
	}
	last, err := lastPost(ctx, d.tx, d.communityID, &d.message)
	if err != nil {
		return err
	}
	if left := last + pause - d.message.PostedAt; last > 0 && left > 0 {
		return errs.New(errs.Limited, "slow_mode", "Slow mode is on in this channel. Wait before you write again.").WithRetry(time.Duration(left) * time.Millisecond)
	}
	return putLastPost(ctx, d.tx, d.communityID, &d.message)
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
	in, err := d.LockTopic(ctx, d.tx, d.communityID, topicID)
	if err != nil {
		return err
	}
	if in.ChannelID != d.place.Channel.ID {
		return errs.Missing("topic")
	}
	if !in.Locked {
		return nil
	}
	manages, err := d.place.Manages(ctx, d.Access, d.caller, d.communityID)
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
func (d *draft) insert(ctx context.Context) (View, error) {
	m := &d.message
	if d.in.Opening != nil {
		if err := d.in.Opening.Insert(ctx, d.tx, m); err != nil {
			return View{}, err
		}
	}
	if err := insert(ctx, d.tx, d.communityID, m); err != nil {
		return View{}, err
	}
	if err := d.count(ctx); err != nil {
		return View{}, err
	}
	if err := insertMentions(ctx, d.tx, d.communityID, m); err != nil {
		return View{}, err
	}
	if err := search.Put(ctx, d.tx, d.communityID, m.searched()); err != nil {
		return View{}, err
	}
	if err := d.replaceImages(ctx, nil); err != nil {
		return View{}, err
	}
	if err := d.insertNonce(ctx); err != nil {
		return View{}, err
	}
	for _, hook := range d.Posted {
		if err := hook(ctx, d.tx, d.communityID, m); err != nil {
			return View{}, err
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
		if err := setReplies(ctx, d.tx, d.communityID, d.root); err != nil {
			return err
		}
	}
	if err := count(ctx, d.tx, d.communityID, m.ChannelID, visible); err != nil {
		return err
	}
	if !d.place.Counted() {
		return nil
	}
	return countWritten(ctx, d.tx, d.communityID, m, 1)
}

// nonceKept is how long a nonce answers with its message.
const nonceKept = 24 * time.Hour

// repeated returns the id of the message that was posted with the same nonce; "" if
// there is none.
func (d *draft) repeated(ctx context.Context, answered string) (string, error) {
	if d.in.Nonce == "" {
		return "", nil
	}
	kept, err := lockNonce(ctx, d.tx, d.communityID, &d.message, d.in.Nonce)
	if err != nil || kept.messageID == "" || kept.createdAt <= d.Clock.Now().Add(-nonceKept).UnixMilli() {
		return "", err
	}
	print, err := d.in.fingerprint(answered)
	if err != nil {
		return "", err
	}
	if kept.fingerprint != print {
		return "", errs.New(errs.Conflict, "idempotency_mismatch", "This nonce belongs to another message. Send a new nonce with a new text.")
	}
	return kept.messageID, nil
}

// insertNonce stores the nonce of the message, if it has one.
func (d *draft) insertNonce(ctx context.Context) error {
	if d.in.Nonce == "" {
		return nil
	}
	answered := d.message.ReplyToID
	if answered == "" {
		answered = d.message.ParentID
	}
	print, err := d.in.fingerprint(answered)
	if err != nil {
		return err
	}
	return putNonce(ctx, d.tx, d.communityID, &d.message, d.in.Nonce, print)
}

// sweepNonces deletes nonces that no longer answer.
func (m *Messages) sweepNonces(ctx context.Context) error {
	return deleteNonces(ctx, m.DB, m.Clock.Now().Add(-nonceKept).UnixMilli())
}

// via returns what the actor is, if it is not a person.
func via(caller actor.Actor) Via {
	if caller.Kind == actor.CommunityKey {
		return Via{Type: "key", Name: caller.Name}
	}
	return Via{}
}

// appendPosted appends EventPosted and returns its message.
func (d *draft) appendPosted(ctx context.Context) (View, error) {
	seen, err := d.view(ctx, d.message.ID)
	if err != nil {
		return seen, err
	}
	e := event.Event{CommunityID: d.communityID, Type: EventPosted, UserID: d.message.AuthorID, Actor: d.caller.Ref()}
	return seen, event.Append(ctx, d.tx, d.message.PostedAt, e, EventMessage{seen})
}

// view returns the message, or the one that was posted with the same nonce before,
// as its author sees it.
func (d *draft) view(ctx context.Context, messageID string) (View, error) {
	one := d.message
	if messageID != one.ID {
		var err error
		if one, err = load(ctx, d.tx, d.communityID, messageID); err != nil {
			return View{}, err
		}
	}
	views, err := d.Views(ctx, d.tx, d.communityID, Reader{MemberID: d.author.ID}, map[string]string{one.ChannelID: d.place.Channel.Topic}, []Message{one})
	if err != nil {
		return View{}, err
	}
	views[0].Nonce = orNull(d.in.Nonce)
	return views[0], nil
}
