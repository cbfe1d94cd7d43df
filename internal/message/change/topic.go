package change

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// topicRows is the number of messages of a topic that one transaction deletes.
const topicRows = 500

// DeleteTopic deletes the newest messages of a topic as deletions of each would, but
// without events, in the caller's transaction. by is the actor. more reports that it has
// to be called again.
func (s *Changes) DeleteTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, channelID, by string) (more bool, err error) {
	list, err := message.NewestOfTopic(ctx, tx, communityID, topicID, topicRows)
	if err != nil || len(list) == 0 {
		return false, err
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	now := s.m.Clock.Now()
	if err := insertDeletions(ctx, tx, communityID, list, Version{id: id.New(now), Kind: Deleted, actor: by, at: now.UnixMilli()}); err != nil {
		return false, err
	}
	if err := image.Detach(ctx, tx, communityID, ids...); err != nil {
		return false, err
	}
	if err := message.SetAllDeleted(ctx, tx, communityID, ids, now.UnixMilli()); err != nil {
		return false, err
	}
	if err := reaction.DeleteAll(ctx, tx, communityID, ids); err != nil {
		return false, err
	}
	if err := search.Remove(ctx, tx, communityID, ids); err != nil {
		return false, err
	}
	return len(list) == topicRows, message.Count(ctx, tx, communityID, channelID, -int64(len(list)))
}
