package change

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// Delete deletes a message, with its reactions, mentions, images and pin. The
// history keeps the text for textKept. It changes nothing if the message is deleted.
// The author may delete it, else it takes delete_messages in the channel, or the key
// permission channels. It fails with NotFound "message_not_found" or Forbidden
// "missing_permission".
func (s *Changes) Delete(ctx context.Context, caller actor.Actor, communityID, messageID string) error {
	if err := s.m.Access.Can(ctx, caller, communityID, message.InAnyChannel); err != nil {
		return err
	}
	return s.m.Change(ctx, caller, communityID, messageID, "", func(in *message.Change) error {
		c := change{in, s}
		own := c.Message.AuthorID != "" && c.Message.AuthorID == c.Place.Subject.MemberID
		if !own {
			if err := c.RequireInChannel(permission.DeleteMessages); err != nil {
				return err
			}
		}
		if c.Message.DeletedAt != 0 {
			return nil
		}
		if !own {
			if err := c.Record(ctx, verbDelete); err != nil {
				return err
			}
		}
		return c.delete(ctx)
	})
}

// recent is the age of the messages that DeleteRecent deletes.
const recent = 24 * time.Hour

// MostRecent is how many messages DeleteRecent selects at once, and up to which
// CountRecent counts.
const MostRecent = 500

// DeleteRecent deletes the messages of a member of the last 24 hours in all channels
// and conversations, each as Delete does, and returns their number. user is a
// reference as in Directory.Find. After an error some are deleted. It fails as
// access.Can does for moderate_content, with Forbidden "rank_too_low" or NotFound
// "user_not_found".
func (s *Changes) DeleteRecent(ctx context.Context, caller actor.Actor, communityID, user string) (deleted int, err error) {
	if err := s.m.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return 0, err
	}
	author, err := directory.Load(ctx, s.m.DB, communityID, user, member.AnyState...)
	if err != nil {
		return 0, err
	}
	if err := access.RequireHigherRank(ctx, s.m.DB, member.Memberships{}, caller, communityID, author.ID); err != nil {
		return 0, err
	}
	err = s.m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, caller, s.m.Clock.MS(), communityID, verbDeleteRecent, audit.Target{Type: "user", ID: author.ID, Name: author.Username})
	})
	if err != nil {
		return 0, err
	}
	for after := s.sinceRecent(); ; {
		ids, err := selectOfAuthor(ctx, s.m.DB, communityID, author.ID, after, MostRecent)
		if err != nil || len(ids) == 0 {
			return deleted, err
		}
		for _, messageID := range ids {
			done, err := s.deleteOne(ctx, caller, communityID, messageID)
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

// CountRecent returns the number of messages that DeleteRecent would delete, up to
// MostRecent. It fails as DeleteRecent does, but not for the rank of the member.
func (s *Changes) CountRecent(ctx context.Context, caller actor.Actor, communityID, user string) (int, error) {
	if err := s.m.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return 0, err
	}
	author, err := directory.Load(ctx, s.m.DB, communityID, user, member.AnyState...)
	if err != nil {
		return 0, err
	}
	ids, err := selectOfAuthor(ctx, s.m.DB, communityID, author.ID, s.sinceRecent(), MostRecent)
	return len(ids), err
}

// sinceRecent is the id before those of recent messages.
func (s *Changes) sinceRecent() string { return id.First(s.m.Clock.Now().Add(-recent).UnixMilli()) }

// deleteOne deletes a message unless it was deleted meanwhile.
func (s *Changes) deleteOne(ctx context.Context, caller actor.Actor, communityID, messageID string) (done bool, err error) {
	err = s.m.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		done, err = s.Remove(ctx, tx, caller, communityID, messageID)
		return err
	})
	return done, err
}

// Remove is Delete in the caller's transaction, which has checked the right. removed is
// false if the message was deleted before.
func (s *Changes) Remove(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, messageID string) (removed bool, err error) {
	in, found, err := s.m.ChangeIn(ctx, tx, caller, communityID, messageID)
	if err != nil || !found {
		return false, err
	}
	return true, change{in, s}.delete(ctx)
}

// delete deletes the message with what belongs to it.
func (c change) delete(ctx context.Context) error {
	m := &c.Message
	if err := insertHistory(ctx, c.Tx, c.CommunityID, m, Version{id: id.New(c.s.m.Clock.Now()), Kind: Deleted, actor: c.Caller.Ref(), at: c.s.m.Clock.MS()}); err != nil {
		return err
	}
	if err := c.remove(ctx); err != nil {
		return err
	}
	return c.Append(ctx, message.EventDeleted, m.AuthorID, message.EventRemoval{MessageID: m.ID, ChannelID: m.ChannelID, TopicID: m.TopicID, ParentID: m.ParentID})
}

// remove is delete without history and event.
func (c change) remove(ctx context.Context) error {
	m := &c.Message
	m.DeletedAt, m.PinnedAt = c.s.m.Clock.MS(), 0
	if err := message.SetDeleted(ctx, c.Tx, c.CommunityID, m); err != nil {
		return err
	}
	if err := search.Remove(ctx, c.Tx, c.CommunityID, []string{m.ID}); err != nil {
		return err
	}
	if c.Place.Counted() {
		if err := message.UncountReactions(ctx, c.Tx, c.CommunityID, []string{m.ID}); err != nil {
			return err
		}
	}
	if err := reaction.DeleteAll(ctx, c.Tx, c.CommunityID, []string{m.ID}); err != nil {
		return err
	}
	if err := message.DeleteMentions(ctx, c.Tx, c.CommunityID, m); err != nil {
		return err
	}
	if err := image.Detach(ctx, c.Tx, c.CommunityID, m.ID); err != nil {
		return err
	}
	if err := c.uncount(ctx); err != nil {
		return err
	}
	for _, hook := range c.s.deleted {
		if err := hook(ctx, c.Tx, c.CommunityID, m); err != nil {
			return err
		}
	}
	return nil
}

// uncount subtracts the message from the numbers of the channel, the author and the
// root.
func (c change) uncount(ctx context.Context) error {
	m, hidden := &c.Message, int64(0)
	if !m.Visible() {
		hidden++
	}
	if c.Root != nil {
		c.Root.Replies--
		if !c.Root.Visible() {
			hidden++ // a deleted root leaves with its last reply
		}
		if err := message.SetReplies(ctx, c.Tx, c.CommunityID, c.Root); err != nil {
			return err
		}
	}
	if hidden > 0 {
		if err := message.Count(ctx, c.Tx, c.CommunityID, m.ChannelID, -hidden); err != nil {
			return err
		}
	}
	if m.AuthorID == "" || !c.Place.Counted() {
		return nil
	}
	return message.CountWritten(ctx, c.Tx, c.CommunityID, m, -1)
}

// textKept is how long the text of a deleted message stays in its history.
const textKept = 30 * 24 * time.Hour

// sweepDeleted removes the texts of messages that were deleted before textKept, and
// those messages that have no replies.
func (s *Changes) sweepDeleted(ctx context.Context) error {
	before := s.m.Clock.Now().Add(-textKept).UnixMilli()
	for {
		more := false
		err := s.m.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			more, err = blankDeleted(ctx, tx, before)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}
