package change

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// DeleteTopic deletes the messages of a topic as deletions of each would, but without
// events: the newest ones in the caller's transaction, the rest by a job. by is the actor.
func (s *Changes) DeleteTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, channelID, by string) error {
	n, err := s.deleteOfTopic(ctx, tx, communityID, topicID, channelID, by, clearRows)
	if err != nil || n < clearRows {
		return err
	}
	return queueClear(ctx, tx, clearArgs{CommunityID: communityID, ChannelID: channelID, TopicID: topicID, By: by}, time.Time{})
}

// deleteOfTopic deletes the newest messages of a topic and returns their number.
func (s *Changes) deleteOfTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, channelID, by string, limit int) (int, error) {
	list, err := message.NewestOfTopic(ctx, tx, communityID, topicID, limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	now := s.m.Clock.Now()
	if err := insertDeletions(ctx, tx, communityID, list, Version{id: id.New(now), Kind: Deleted, actor: by, at: now.UnixMilli()}); err != nil {
		return 0, err
	}
	return len(list), s.deleteAll(ctx, tx, communityID, channelID, ids, now.UnixMilli())
}

// deleteAll deletes visible messages of a channel, with what belongs to them.
func (s *Changes) deleteAll(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, ids []string, at int64) error {
	if err := image.Detach(ctx, tx, communityID, ids...); err != nil {
		return err
	}
	if err := message.SetAllDeleted(ctx, tx, communityID, ids, at); err != nil {
		return err
	}
	if err := reaction.DeleteAll(ctx, tx, communityID, ids); err != nil {
		return err
	}
	if err := search.Remove(ctx, tx, communityID, ids); err != nil {
		return err
	}
	return message.Count(ctx, tx, communityID, channelID, -int64(len(ids)))
}
