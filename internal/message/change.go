package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/sqldb"
)

// Change is a transaction that changes a message which its actor sees.
type Change struct {
	Tx          *sqldb.Tx
	Caller      actor.Actor
	CommunityID string
	Place       place.Place
	Message     Message  // locked
	Root        *Message // of a reply, locked; nil if its row was deleted

	m *Messages
}

// Change runs f in a transaction with the message, also with a deleted one. participant as
// in place.Of. It fails as access.Can does for any member, or with NotFound
// "message_not_found".
func (m *Messages) Change(ctx context.Context, caller actor.Actor, communityID, messageID, participant string, f func(*Change) error) error {
	if err := m.Access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return err
	}
	return m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c := &Change{m: m, Tx: tx, Caller: caller, CommunityID: communityID}
		if err := c.lock(ctx, messageID); err != nil {
			return err
		}
		var err error
		c.Place, err = place.Of(ctx, tx, m.Access, caller, communityID, c.Message.ChannelID, participant)
		if errs.KindOf(err) == errs.NotFound || err == nil && !c.Place.Sees(c.Message.Hushed, c.Message.AuthorID) {
			err = errs.Missing("message")
		}
		if err != nil {
			return err
		}
		return f(c)
	})
}

// lock locks the root before the reply, as sending a reply does.
func (c *Change) lock(ctx context.Context, messageID string) error {
	parentID, err := parentOf(ctx, c.Tx, c.CommunityID, messageID)
	if err != nil {
		return err
	}
	if parentID != "" {
		root, err := Lock(ctx, c.Tx, c.CommunityID, parentID)
		if err == nil {
			c.Root = &root
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
	}
	c.Message, err = Lock(ctx, c.Tx, c.CommunityID, messageID)
	return err
}

// RequirePresent fails with NotFound "message_not_found" for a deleted message.
func (c *Change) RequirePresent() error {
	if c.Message.DeletedAt != 0 {
		return errs.Missing("message")
	}
	return nil
}

// RequireInChannel checks a channel permission of a person; a key of the community
// has it with its own permission.
func (c *Change) RequireInChannel(name string) error {
	if c.Place.ByKey {
		return nil
	}
	return c.Place.Require(name)
}

// View returns the message as the actor sees it.
func (c *Change) View(ctx context.Context) (View, error) {
	r, err := c.m.ReaderOf(ctx, c.Caller, c.CommunityID, c.Place.Subject.MemberID)
	if err != nil {
		return View{}, err
	}
	return c.m.View(ctx, c.Tx, c.CommunityID, r, c.Place, c.Message)
}

// AppendUpdated appends EventUpdated.
func (c *Change) AppendUpdated(ctx context.Context) error {
	seen, err := c.m.View(ctx, c.Tx, c.CommunityID, Reader{}, c.Place, c.Message)
	if err != nil {
		return err
	}
	return c.Append(ctx, EventUpdated, c.Message.AuthorID, EventMessage{seen})
}

// Append appends an event about a member.
func (c *Change) Append(ctx context.Context, kind, memberID string, data any) error {
	return event.Append(ctx, c.Tx, c.m.Clock.MS(), event.Event{CommunityID: c.CommunityID, Type: kind, UserID: memberID, Actor: c.Caller.Ref(), ConversationID: c.Place.ConversationID()}, data)
}

// Record audits what the actor did with a message in a channel.
func (c *Change) Record(ctx context.Context, verb audit.Verb) error {
	return audit.Record(ctx, c.Tx, c.Caller, c.m.Clock.MS(), c.CommunityID, verb, audit.Target{Type: "message", ID: c.Message.ID, Name: c.Place.Channel.Topic})
}

// ChangeIn is Change in the caller's transaction, which has checked the right. found is
// false if the message does not exist, or is deleted.
func (m *Messages) ChangeIn(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, messageID string) (c *Change, found bool, err error) {
	c = &Change{m: m, Tx: tx, Caller: caller, CommunityID: communityID}
	err = c.lock(ctx, messageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && c.Message.DeletedAt != 0 {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	c.Place, err = place.WithoutActor(ctx, tx, communityID, c.Message.ChannelID)
	return c, err == nil, err
}
