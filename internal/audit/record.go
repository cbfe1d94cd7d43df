package audit

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// Record writes into the audit log, in the caller's transaction, what the actor
// that ctx carries did. action is noun.verb, and the noun the target's type;
// now is in Unix milliseconds.
func Record(ctx context.Context, tx *sqldb.Tx, now int64, communityID, action string, target Target, changes ...Change) error {
	actor := actor.FromContext(ctx)
	return Append(ctx, tx, Entry{
		CommunityID: communityID, At: now, Actor: actor.Ref(), ActorName: actor.Name, Action: action, Target: target, Changes: changes,
	})
}
