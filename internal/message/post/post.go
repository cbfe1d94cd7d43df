// Package post posts messages and replies: the rules of a channel, what a text mentions,
// its images, and nonces.
package post

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the parts that Posts uses.
type Deps struct {
	Messages *message.Messages
	Posted   []message.Hook // part of posting a message
	// LockTopic returns a topic that does not change until the transaction ends. It
	// fails with NotFound "topic_not_found".
	LockTopic func(ctx context.Context, tx *sqldb.Tx, communityID, topicID string) (Topic, error)
}

// Posts post the messages of all communities. It is safe for concurrent use.
type Posts struct{ d Deps }

// New returns the Posts of a database.
func New(d Deps) *Posts { return &Posts{d} }

// Send posts a message in a channel. The same nonce of the same author returns the
// first message again. It fails with the codes of contract/05, section 4: Invalid
// "invalid_input" or "topic_required", Forbidden "missing_permission" or
// "sender_not_self", NotFound "channel_not_found" or "user_not_found", and Conflict
// "channel_read_only", "sender_not_active" or "idempotency_mismatch".
func (p *Posts) Send(ctx context.Context, caller actor.Actor, communityID, channelID string, in Input) (message.View, error) {
	if err := p.d.Messages.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return message.View{}, err
	}
	if err := in.normalise(); err != nil {
		return message.View{}, err
	}
	return p.post(ctx, caller, communityID, channelID, "", in)
}

// Reply answers a message, which may be a reply itself. It fails as Send does, or
// with NotFound "message_not_found".
func (p *Posts) Reply(ctx context.Context, caller actor.Actor, communityID, messageID string, in Input) (message.View, error) {
	if err := p.d.Messages.Access.CanAny(ctx, caller, communityID, permission.ReplyMessage, permission.SendMessage); err != nil {
		return message.View{}, err
	}
	if err := in.normalise(); err != nil {
		return message.View{}, err
	}
	channelID, err := message.ChannelOf(ctx, p.d.Messages.DB, communityID, messageID)
	if err != nil {
		return message.View{}, err
	}
	return p.post(ctx, caller, communityID, channelID, messageID, in)
}

// post is a transaction in which a message is posted. answered is the id of the
// message that it replies to; "": none.
func (p *Posts) post(ctx context.Context, caller actor.Actor, communityID, channelID, answered string, in Input) (sent message.View, err error) {
	lists, err := wordlist.Of(ctx, p.d.Messages.DB, communityID)
	if err != nil {
		return message.View{}, err
	}
	return sent, p.d.Messages.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		d := &draft{Posts: p, tx: tx, caller: caller, communityID: communityID, in: in, lists: lists}
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
