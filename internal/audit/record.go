package audit

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Record appends an action of the actor in ctx, in the caller's transaction. The
// noun of the action is the type of its target; now is in Unix milliseconds.
func Record(ctx context.Context, tx *sqldb.Tx, now int64, communityID string, action Verb, target Target, changes ...Change) error {
	actor := actor.FromContext(ctx)
	return Append(ctx, tx, Entry{
		CommunityID: communityID, At: now, Actor: actor.Ref(), ActorName: actor.Name, Action: action, Target: target, Changes: changes,
	})
}
