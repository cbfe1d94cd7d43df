package audit

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Record appends an action of an actor, the zero Actor for the server, in the
// caller's transaction. The noun of the action is the type of its target; now is in Unix milliseconds.
func Record(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, action Verb, target Target, changes ...Change) error {
	return Append(ctx, tx, Entry{
		CommunityID: communityID, At: now, Actor: by.Ref(), ActorName: by.Name, Action: action, Target: target, Changes: changes,
	})
}
