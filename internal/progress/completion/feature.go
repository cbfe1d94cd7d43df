package completion

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/sqldb"
)

// delay collects events that are examined together.
const delay = 500 * time.Millisecond

// Feature describes the package to the application.
func (s *Completions) Feature() feature.Feature {
	return feature.Feature{
		Name: "progress/completion",
		Jobs: func(e *jobs.Engine) {
			jobs.Register(e, s.checkAll, s.endFailed)
			jobs.Register(e, s.start)
			jobs.Register(e, s.checkMembers)
			jobs.Register(e, s.reverseUndone)
		},
		EraseMembers: EraseMembers,
		Events:       events,
		Consumers: []event.Consumer{{
			Name: "milestone", Delay: delay, Handle: s.handle,
			Types: []string{message.EventPosted, message.EventReactionAdded, presence.EventVisited, member.EventJoined, member.EventRestored, member.EventUpdated, eventImported},
		}},
	}
}

// EraseMembers deletes the completions of members, in the caller's transaction. It is a
// roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	counts, err := countOfMembers(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := deleteOfMembers(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	return addCounts(ctx, tx, communityID, counts)
}
