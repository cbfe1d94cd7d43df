package change

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/wordlist"
)

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
func (s *Changes) Update(ctx context.Context, caller actor.Actor, communityID, messageID string, in Edit) (message.View, error) {
	if err := s.m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return message.View{}, err
	}
	lists, err := wordlist.Of(ctx, s.m.DB, communityID)
	if err != nil {
		return message.View{}, err
	}
	var edited message.View
	return edited, s.m.Change(ctx, caller, communityID, messageID, in.Sender, func(locked *message.Change) error {
		c := change{locked, s}
		if err := c.RequirePresent(); err != nil {
			return err
		}
		author, err := place.Author(ctx, c.Tx, caller, communityID, in.Sender)
		if err != nil {
			return err
		}
		if c.Message.AuthorID != author.ID {
			return errs.New(errs.Forbidden, "not_author", "Only the author can edit this message.")
		}
		if err := c.requireOpenWindow(ctx); err != nil {
			return err
		}
		before := c.Message
		rewritten, changed, err := s.posts.Rewrite(ctx, c.Tx, post.Rewriting{
			Caller: caller, CommunityID: communityID, Place: c.Place, Author: author, Message: before, Lists: lists, Text: in.Text, Attachments: in.Attachments,
		})
		if err != nil {
			return err
		}
		if changed {
			c.Message = rewritten
			if err := c.storeEdit(ctx, &before); err != nil {
				return err
			}
		}
		edited, err = c.View(ctx)
		return err
	})
}

// requireOpenWindow checks the setting editWindow of the community.
func (c change) requireOpenWindow(ctx context.Context) error {
	home, err := community.Load(ctx, c.Tx, c.CommunityID)
	if err != nil || home.Settings.EditWindow == 0 {
		return err
	}
	closed := c.Message.PostedAt + home.Settings.EditWindow*time.Second.Milliseconds()
	if c.s.m.Clock.MS() <= closed {
		return nil
	}
	return errs.New(errs.Conflict, "edit_window_over", "The time to edit this message is over.").WithDetails(map[string]any{"closedAt": clock.Format(closed)})
}

// storeEdit stores the message with its earlier text, and appends the event.
func (c change) storeEdit(ctx context.Context, before *message.Message) error {
	if err := insertHistory(ctx, c.Tx, c.CommunityID, before, Version{id: id.New(c.s.m.Clock.Now()), Kind: Edited, actor: c.Caller.Ref(), at: c.Message.EditedAt}); err != nil {
		return err
	}
	if err := message.SetContent(ctx, c.Tx, c.CommunityID, &c.Message); err != nil {
		return err
	}
	if err := message.DeleteMentions(ctx, c.Tx, c.CommunityID, &c.Message); err != nil {
		return err
	}
	if err := message.InsertMentions(ctx, c.Tx, c.CommunityID, &c.Message); err != nil {
		return err
	}
	return c.AppendUpdated(ctx)
}
