package message

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// change is a transaction that changes a message which its actor sees.
type change struct {
	*Messages
	tx          *sqldb.Tx
	caller      actor.Actor
	communityID string
	place       place.Place
	message     Message  // locked
	root        *Message // of a reply, locked; nil if its row was deleted
}

// change runs f in a transaction with the message, also with a deleted one. It fails
// with NotFound "message_not_found".
func (m *Messages) change(ctx context.Context, caller actor.Actor, communityID, messageID string, f func(*change) error) error {
	return m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c := &change{Messages: m, tx: tx, caller: caller, communityID: communityID}
		if err := c.lock(ctx, messageID); err != nil {
			return err
		}
		var err error
		c.place, err = place.Of(ctx, tx, m.Access, caller, communityID, c.message.ChannelID)
		if errs.KindOf(err) == errs.NotFound || err == nil && !c.place.Sees(c.message.Hushed, c.message.AuthorID) {
			err = errs.Missing("message")
		}
		if err != nil {
			return err
		}
		return f(c)
	})
}

// lock locks the root before the reply, as sending a reply does.
func (c *change) lock(ctx context.Context, messageID string) error {
	parentID, err := parentOf(ctx, c.tx, c.communityID, messageID)
	if err != nil {
		return err
	}
	if parentID != "" {
		root, err := lock(ctx, c.tx, c.communityID, parentID)
		if err == nil {
			c.root = &root
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
	}
	c.message, err = lock(ctx, c.tx, c.communityID, messageID)
	return err
}

// requirePresent fails with NotFound "message_not_found" for a deleted message.
func (c *change) requirePresent() error {
	if c.message.DeletedAt != 0 {
		return errs.Missing("message")
	}
	return nil
}

// requireInChannel checks a channel permission of a person; a key of the community
// has it with its own permission.
func (c *change) requireInChannel(name string) error {
	if c.place.ByKey {
		return nil
	}
	return c.place.Require(name)
}

// answer returns the message as the actor sees it.
func (c *change) answer(ctx context.Context) (View, error) {
	r, err := c.ReaderOf(ctx, c.caller, c.communityID, c.place.Subject.MemberID)
	if err != nil {
		return View{}, err
	}
	return c.view(ctx, c.tx, c.communityID, r, c.place, c.message)
}

// appendUpdated appends EventUpdated.
func (c *change) appendUpdated(ctx context.Context) error {
	seen, err := c.view(ctx, c.tx, c.communityID, Reader{}, c.place, c.message)
	if err != nil {
		return err
	}
	return c.append(ctx, EventUpdated, c.message.AuthorID, EventMessage{seen})
}

// append appends an event about a member.
func (c *change) append(ctx context.Context, kind, memberID string, data any) error {
	return event.Append(ctx, c.tx, c.Clock.MS(), event.Event{CommunityID: c.communityID, Type: kind, UserID: memberID, Actor: c.caller.Ref()}, data)
}

// record audits what the actor did with a message in a channel.
func (c *change) record(ctx context.Context, verb audit.Verb) error {
	return audit.Record(ctx, c.tx, c.caller, c.Clock.MS(), c.communityID, verb, audit.Target{Type: "message", ID: c.message.ID, Name: c.place.Channel.Topic})
}

// inAnyChannel is what a key needs to change messages of others. Channels decide
// what a person may.
const inAnyChannel = permission.ViewChannels

// Edit is a new content of a message.
type Edit struct {
	Text        string
	Sender      string    // as in Author
	Attachments *[]string // nil: those that it has
}

// Update changes the content of a message of the sender, and keeps the earlier one
// in its history. The same content changes nothing. Members that it mentions in
// addition are not notified. It fails as Send does, with NotFound
// "message_not_found", Forbidden "not_author" or Conflict "edit_window_over".
func (m *Messages) Update(ctx context.Context, caller actor.Actor, communityID, messageID string, in Edit) (View, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return View{}, err
	}
	lists, err := wordlist.Of(ctx, m.DB, communityID)
	if err != nil {
		return View{}, err
	}
	var edited View
	return edited, m.change(ctx, caller, communityID, messageID, func(c *change) error {
		if err := c.requirePresent(); err != nil {
			return err
		}
		author, err := place.Author(ctx, c.tx, caller, communityID, in.Sender)
		if err != nil {
			return err
		}
		if c.message.AuthorID != author.ID {
			return errs.New(errs.Forbidden, "not_author", "Only the author can edit this message.")
		}
		if err := c.requireOpenWindow(ctx); err != nil {
			return err
		}
		d := &draft{Messages: m, tx: c.tx, caller: caller, communityID: communityID, lists: lists, place: c.place, author: author, message: c.message}
		if err := c.edit(ctx, d, in); err != nil {
			return err
		}
		edited, err = c.answer(ctx)
		return err
	})
}

// requireOpenWindow checks the setting editWindow of the community.
func (c *change) requireOpenWindow(ctx context.Context) error {
	home, err := community.Load(ctx, c.tx, c.communityID)
	if err != nil || home.Settings.EditWindow == 0 {
		return err
	}
	closed := c.message.PostedAt + home.Settings.EditWindow*time.Second.Milliseconds()
	if c.Clock.MS() <= closed {
		return nil
	}
	return errs.New(errs.Conflict, "edit_window_over", "The time to edit this message is over.").WithDetails(map[string]any{"closedAt": clock.Format(closed)})
}

// edit stores a content that the rules of the channel allow.
func (c *change) edit(ctx context.Context, d *draft, in Edit) error {
	attached, err := image.IDs(ctx, c.tx, c.communityID, c.message.ID)
	if err != nil {
		return err
	}
	d.in = Input{Text: in.Text, TopicID: c.message.TopicID, Attachments: attached}
	if in.Attachments != nil {
		d.in.Attachments = *in.Attachments
	}
	if err := d.in.normalise(); err != nil {
		return err
	}
	if d.in.Text == c.message.Text && slices.Equal(d.in.Attachments, attached) {
		return nil
	}
	before := c.message
	if err := d.rewrite(ctx); err != nil {
		return err
	}
	if err := d.check(ctx); err != nil {
		return err
	}
	c.message = d.message
	if err := d.replaceImages(ctx, attached); err != nil {
		return err
	}
	return c.storeEdit(ctx, &before)
}

// rewrite changes the message to the input.
func (d *draft) rewrite(ctx context.Context) (err error) {
	m := &d.message
	known := m.Mentions
	m.Text, m.EditedAt, m.HasImage, m.HasLink = d.in.Text, d.Clock.MS(), len(d.in.Attachments) > 0, len(d.in.contents.Links) > 0
	if m.Mentions, err = d.mentions(ctx); err != nil {
		return err
	}
	for i := range m.Mentions {
		one := &m.Mentions[i]
		one.Notify = slices.ContainsFunc(known, func(k Mention) bool { return k.Kind == one.Kind && k.ID == one.ID && k.Notify })
	}
	return nil
}

// storeEdit stores the message with its earlier text, and appends the event.
func (c *change) storeEdit(ctx context.Context, before *Message) error {
	if err := insertHistory(ctx, c.tx, c.communityID, before, Version{id: id.New(c.Clock.Now()), Kind: Edited, actor: c.caller.Ref(), at: c.message.EditedAt}); err != nil {
		return err
	}
	if err := setContent(ctx, c.tx, c.communityID, &c.message); err != nil {
		return err
	}
	if err := deleteMentions(ctx, c.tx, c.communityID, &c.message); err != nil {
		return err
	}
	if err := insertMentions(ctx, c.tx, c.communityID, &c.message); err != nil {
		return err
	}
	return c.appendUpdated(ctx)
}

// Actions in the audit log.
const (
	verbDelete         audit.Verb = "message.delete"
	verbDeleteRecent   audit.Verb = "message.delete_recent"
	verbPin            audit.Verb = "message.pin"
	verbUnpin          audit.Verb = "message.unpin"
	verbRemoveReaction audit.Verb = "message.remove_reaction"
)

// Delete deletes a message, with its reactions, mentions, images and pin. The
// history keeps the text for textKept. It changes nothing if the message is deleted.
// The author may delete it, else it takes delete_messages in the channel, or the key
// permission channels. It fails with NotFound "message_not_found" or Forbidden
// "missing_permission".
func (m *Messages) Delete(ctx context.Context, caller actor.Actor, communityID, messageID string) error {
	if err := m.Access.Can(ctx, caller, communityID, inAnyChannel); err != nil {
		return err
	}
	return m.change(ctx, caller, communityID, messageID, func(c *change) error {
		own := c.message.AuthorID != "" && c.message.AuthorID == c.place.Subject.MemberID
		if !own {
			if err := c.requireInChannel(permission.DeleteMessages); err != nil {
				return err
			}
		}
		if c.message.DeletedAt != 0 {
			return nil
		}
		if !own {
			if err := c.record(ctx, verbDelete); err != nil {
				return err
			}
		}
		return c.delete(ctx)
	})
}

// recent is the age of the messages that DeleteRecent deletes.
const recent = 24 * time.Hour

// recentBatch is how many messages DeleteRecent selects at once.
const recentBatch = 500

// DeleteRecent deletes the messages of a member of the last 24 hours in all channels
// and conversations, each as Delete does, and returns their number. user is a
// reference as in Directory.Find. After an error some are deleted. It fails as
// access.Can does for moderate_content, with Forbidden "rank_too_low" or NotFound
// "user_not_found".
func (m *Messages) DeleteRecent(ctx context.Context, caller actor.Actor, communityID, user string) (deleted int, err error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return 0, err
	}
	author, err := directory.Load(ctx, m.DB, communityID, user, member.AnyState...)
	if err != nil {
		return 0, err
	}
	if err := access.RequireHigherRank(ctx, m.DB, member.Memberships{}, caller, communityID, author.ID); err != nil {
		return 0, err
	}
	err = m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, caller, m.Clock.MS(), communityID, verbDeleteRecent, audit.Target{Type: "user", ID: author.ID, Name: author.Username})
	})
	if err != nil {
		return 0, err
	}
	for after := id.First(m.Clock.Now().Add(-recent).UnixMilli()); ; {
		ids, err := selectOfAuthor(ctx, m.DB, communityID, author.ID, after, recentBatch)
		if err != nil || len(ids) == 0 {
			return deleted, err
		}
		for _, messageID := range ids {
			done, err := m.deleteOne(ctx, caller, communityID, messageID)
			if err != nil {
				return deleted, err
			}
			if done {
				deleted++
			}
		}
		after = ids[len(ids)-1]
	}
}

// deleteOne deletes a message unless it was deleted meanwhile.
func (m *Messages) deleteOne(ctx context.Context, caller actor.Actor, communityID, messageID string) (done bool, err error) {
	err = m.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		done, err = m.Remove(ctx, tx, caller, communityID, messageID)
		return err
	})
	return done, err
}

// Remove is Delete in the caller's transaction, which has checked the right. removed is
// false if the message was deleted before.
func (m *Messages) Remove(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, messageID string) (removed bool, err error) {
	c := &change{Messages: m, tx: tx, caller: caller, communityID: communityID}
	err = c.lock(ctx, messageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && c.message.DeletedAt != 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if c.place, err = place.WithoutActor(ctx, tx, communityID, c.message.ChannelID); err != nil {
		return false, err
	}
	return true, c.delete(ctx)
}

// delete deletes the message with what belongs to it.
func (c *change) delete(ctx context.Context) error {
	m := &c.message
	m.DeletedAt, m.PinnedAt = c.Clock.MS(), 0
	if err := insertHistory(ctx, c.tx, c.communityID, m, Version{id: id.New(c.Clock.Now()), Kind: Deleted, actor: c.caller.Ref(), at: m.DeletedAt}); err != nil {
		return err
	}
	if err := setDeleted(ctx, c.tx, c.communityID, m); err != nil {
		return err
	}
	if err := search.Remove(ctx, c.tx, c.communityID, []string{m.ID}); err != nil {
		return err
	}
	if err := deleteReactions(ctx, c.tx, c.communityID, m.ID, c.place.Counted()); err != nil {
		return err
	}
	if err := deleteMentions(ctx, c.tx, c.communityID, m); err != nil {
		return err
	}
	if err := image.Detach(ctx, c.tx, c.communityID, m.ID); err != nil {
		return err
	}
	if err := c.uncount(ctx); err != nil {
		return err
	}
	for _, hook := range c.Deleted {
		if err := hook(ctx, c.tx, c.communityID, m); err != nil {
			return err
		}
	}
	return c.append(ctx, EventDeleted, m.AuthorID, EventRemoval{m.ID, m.ChannelID, m.TopicID, m.ParentID})
}

// uncount subtracts the message from the numbers of the channel, the author and the
// root.
func (c *change) uncount(ctx context.Context) error {
	m, hidden := &c.message, int64(0)
	if !m.Visible() {
		hidden++
	}
	if c.root != nil {
		c.root.Replies--
		if !c.root.Visible() {
			hidden++ // a deleted root leaves with its last reply
		}
		if err := setReplies(ctx, c.tx, c.communityID, c.root); err != nil {
			return err
		}
	}
	if hidden > 0 {
		if err := count(ctx, c.tx, c.communityID, m.ChannelID, -hidden); err != nil {
			return err
		}
	}
	if m.AuthorID == "" || !c.place.Counted() {
		return nil
	}
	return countWritten(ctx, c.tx, c.communityID, m, -1)
}

// textKept is how long the text of a deleted message stays in its history.
const textKept = 30 * 24 * time.Hour

// sweepDeleted removes the texts of messages that were deleted before textKept, and
// those messages that have no replies.
func (m *Messages) sweepDeleted(ctx context.Context) error {
	before := m.Clock.Now().Add(-textKept).UnixMilli()
	for {
		more := false
		err := m.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			more, err = blankDeleted(ctx, tx, before)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// MaxPins is the number of pinned messages of a channel.
const MaxPins = 100

// Pin pins a message to its channel. It changes nothing if it is pinned. It takes
// pinable in the channel, or the key permission channels. It fails with NotFound
// "message_not_found", Forbidden "missing_permission" or Conflict "too_many_pins".
func (m *Messages) Pin(ctx context.Context, caller actor.Actor, communityID, messageID string) (View, error) {
	return m.changePin(ctx, caller, communityID, messageID, (*change).pin)
}

// Unpin reverts Pin.
func (m *Messages) Unpin(ctx context.Context, caller actor.Actor, communityID, messageID string) (View, error) {
	return m.changePin(ctx, caller, communityID, messageID, (*change).unpin)
}

func (m *Messages) changePin(ctx context.Context, caller actor.Actor, communityID, messageID string, f func(*change, context.Context) error) (View, error) {
	if err := m.Access.Can(ctx, caller, communityID, inAnyChannel); err != nil {
		return View{}, err
	}
	var changed View
	return changed, m.change(ctx, caller, communityID, messageID, func(c *change) error {
		if err := c.requirePresent(); err != nil {
			return err
		}
		if err := c.requireInChannel(permission.Pinable); err != nil {
			return err
		}
		if err := f(c, ctx); err != nil {
			return err
		}
		var err error
		changed, err = c.answer(ctx)
		return err
	})
}

func (c *change) pin(ctx context.Context) error {
	if c.message.PinnedAt != 0 {
		return nil
	}
	if err := c.tx.LockExclusive(ctx, "pins "+c.communityID+" "+c.message.ChannelID); err != nil {
		return err
	}
	pins, latest, err := countPins(ctx, c.tx, c.communityID, c.message.ChannelID)
	if err != nil {
		return err
	}
	if pins >= MaxPins {
		return errs.New(errs.Conflict, "too_many_pins", "A channel has at most %d pinned messages. Unpin one first.", MaxPins)
	}
	c.message.PinnedAt = max(c.Clock.MS(), latest+1)
	return c.storePin(ctx)
}

func (c *change) unpin(ctx context.Context) error {
	if c.message.PinnedAt == 0 {
		return nil
	}
	c.message.PinnedAt = 0
	return c.storePin(ctx)
}

func (c *change) storePin(ctx context.Context) error {
	if err := setPinned(ctx, c.tx, c.communityID, &c.message); err != nil {
		return err
	}
	verb := verbPin
	if c.message.PinnedAt == 0 {
		verb = verbUnpin
	}
	if err := c.record(ctx, verb); err != nil {
		return err
	}
	return c.appendUpdated(ctx)
}

// Pins returns the pinned messages of a channel that the actor sees, the last pinned
// first. It fails with NotFound "channel_not_found".
func (m *Messages) Pins(ctx context.Context, caller actor.Actor, communityID, channelID string) ([]View, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, err
	}
	s, err := m.scope(ctx, caller, communityID, Filter{ChannelID: channelID})
	if err != nil {
		return nil, err
	}
	list, err := selectPins(ctx, m.DB, communityID, s)
	if err != nil {
		return nil, err
	}
	return m.seen(ctx, caller, communityID, s, list)
}
