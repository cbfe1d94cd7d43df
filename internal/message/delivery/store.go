package delivery

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// stateOf reports whether a message exists, and whether it is for whisperers only.
func stateOf(ctx context.Context, q sqldb.Querier, communityID, messageID string) (found, hushed bool, err error) {
	rows, err := sqldb.All(ctx, q, sqldb.Value[bool], "SELECT hushed FROM messages WHERE community_id = $1 AND id = $2", communityID, messageID)
	return len(rows) > 0, len(rows) > 0 && rows[0], err
}
