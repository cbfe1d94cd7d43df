package change

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// clearRows is the number of messages, or of rows of another table, that one transaction
// of a clearing deletes.
const clearRows = 200

// Clearer deletes up to limit rows about a deleted channel in the caller's transaction,
// and returns their number.
type Clearer func(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error)

// clearArgs are the arguments of the job that deletes the content of a deleted channel, or
// the rest of a deleted topic.
type clearArgs struct {
	CommunityID string `json:"communityId"`
	ChannelID   string `json:"channelId"`
	TopicID     string `json:"topicId,omitempty"` // "": the whole channel
	By          string `json:"by,omitempty"`      // who deleted the topic, actor.Actor.Ref
	Counted     bool   `json:"counted,omitempty"` // the messages of the channel count for members
	Last        bool   `json:"last,omitempty"`    // no other job follows
}

// Kind is the kind of the job.
func (clearArgs) Kind() string { return "message.clear" }

// ClearChannel queues the deletion of the content of a channel, in the transaction that
// deletes it. It is a chat.Hook.
func ClearChannel(ctx context.Context, tx *sqldb.Tx, communityID string, deleted chat.Channel) error {
	return queueClear(ctx, tx, clearArgs{CommunityID: communityID, ChannelID: deleted.ID, Counted: deleted.Type != chat.Direct}, time.Time{})
}

func queueClear(ctx context.Context, tx *sqldb.Tx, a clearArgs, at time.Time) error {
	_, err := jobs.Insert(ctx, tx, a, jobs.Options{Lane: jobs.Small, CommunityID: a.CommunityID, RunAt: at})
	return err
}

// lateFor is the time after which no transaction posts in a deleted channel.
const lateFor = 10 * time.Minute

// clear is the work of the job. A second job deletes what was posted while the channel was
// deleted.
func (s *Changes) clear(ctx context.Context, j *jobs.Job, a clearArgs) error {
	steps := []Clearer{s.clearTopic(a)}
	if a.TopicID == "" {
		steps = append([]Clearer{s.clearMessages(a)}, s.clearers...)
	}
	for _, step := range steps {
		for more := true; more; {
			if j.ShouldYield() {
				return jobs.ErrYielded
			}
			err := j.Tx(ctx, func(tx *sqldb.Tx) error {
				n, err := step(ctx, tx, a.CommunityID, a.ChannelID, clearRows)
				if more = n == clearRows; err != nil || !more {
					return err
				}
				return j.Step(ctx, tx)
			}, sqldb.WithoutGroupCommit)
			if err != nil {
				return err
			}
		}
	}
	if a.Last || a.TopicID != "" {
		return nil
	}
	a.Last = true
	return s.m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return queueClear(ctx, tx, a, s.m.Clock.Now().Add(lateFor))
	})
}

// clearTopic returns the step that deletes the messages of a topic.
func (s *Changes) clearTopic(a clearArgs) Clearer {
	return func(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
		n, err := s.deleteOfTopic(ctx, tx, communityID, a.TopicID, channelID, a.By, limit)
		return int64(n), err
	}
}

// clearMessages returns the step that deletes the messages of a channel without a trace.
func (s *Changes) clearMessages(a clearArgs) Clearer {
	return func(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
		ids, err := message.NewestOfChannel(ctx, tx, communityID, channelID, limit)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		if err := deleteHistory(ctx, tx, communityID, ids); err != nil {
			return 0, err
		}
		if err := image.Detach(ctx, tx, communityID, ids...); err != nil {
			return 0, err
		}
		if err := search.Remove(ctx, tx, communityID, ids); err != nil {
			return 0, err
		}
		if err := message.DeleteAll(ctx, tx, communityID, channelID, ids, a.Counted); err != nil {
			return 0, err
		}
		return int64(len(ids)), reaction.DeleteAll(ctx, tx, communityID, ids)
	}
}
