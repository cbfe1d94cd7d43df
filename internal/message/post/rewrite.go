package post

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// Rewriting is a new content of a message.
type Rewriting struct {
	Caller      actor.Actor
	CommunityID string
	Place       place.Place
	Author      member.Member
	Message     message.Message // locked
	Lists       wordlist.Lists
	Text        string
	Attachments *[]string // ids of images; nil: those that it has
}

// Rewrite returns a message with a new content that the rules of its channel allow, and
// attaches its images, in the caller's transaction, which stores the message. Members that
// it mentions in addition are not notified. changed is false if it has the content. It
// fails as Send does.
func (p *Posts) Rewrite(ctx context.Context, tx *sqldb.Tx, r Rewriting) (rewritten message.Message, changed bool, err error) {
	attached, err := image.IDs(ctx, tx, r.CommunityID, r.Message.ID)
	if err != nil {
		return r.Message, false, err
	}
	d := &draft{Posts: p, tx: tx, caller: r.Caller, communityID: r.CommunityID, lists: r.Lists, place: r.Place, author: r.Author, message: r.Message}
	d.in = Input{Text: r.Text, TopicID: r.Message.TopicID, Attachments: attached}
	if r.Attachments != nil {
		d.in.Attachments = *r.Attachments
	}
	if err := d.in.normalise(); err != nil {
		return r.Message, false, err
	}
	if d.in.Text == r.Message.Text && slices.Equal(d.in.Attachments, attached) {
		return r.Message, false, nil
	}
	if err := d.rewrite(ctx); err != nil {
		return r.Message, false, err
	}
	if err := d.check(ctx); err != nil {
		return r.Message, false, err
	}
	return d.message, true, d.replaceImages(ctx, attached)
}

// rewrite changes the message to the input.
func (d *draft) rewrite(ctx context.Context) (err error) {
	m := &d.message
	known := m.Mentions
	m.Text, m.EditedAt, m.HasImage, m.HasLink = d.in.Text, d.d.Messages.Clock.MS(), len(d.in.Attachments) > 0, len(d.in.contents.Links) > 0
	if m.Mentions, err = d.mentions(ctx); err != nil {
		return err
	}
	for i := range m.Mentions {
		one := &m.Mentions[i]
		one.Notify = slices.ContainsFunc(known, func(k message.Mention) bool { return k.Kind == one.Kind && k.ID == one.ID && k.Notify })
	}
	return nil
}
