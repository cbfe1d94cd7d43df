package award

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/audit"
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
func (s *Awards) Feature() feature.Feature {
	return feature.Feature{
		Name: "progress/award",
		Jobs: func(e *jobs.Engine) {
			jobs.Register(e, s.evaluateAll, s.endFailed)
			jobs.Register(e, s.checkMembers)
		},
		EraseMembers: EraseMembers,
		AuditVerbs:   []audit.Verb{"badge.award", "badge.remove", "badge.evaluate"},
		Events:       events,
		Consumers: []event.Consumer{{
			Name: "badge.award", Delay: delay, Handle: s.handle,
			Types: []string{message.EventPosted, message.EventReactionAdded, presence.EventVisited, member.EventJoined, member.EventRestored, member.EventUpdated},
		}},
	}
}

// EraseMembers deletes the awards of members, in the caller's transaction. It is a
// roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	counts, err := countPresent(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := deleteOfMembers(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	return addCounts(ctx, tx, communityID, counts)
}
