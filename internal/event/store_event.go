package event

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// insertEvent inserts an event without a sequence; data is JSON.
func insertEvent(ctx context.Context, tx *sqldb.Tx, eventID string, now int64, e Event, data string) error {
	_, err := tx.Exec(ctx, "INSERT INTO events (id, community_id, type, occurred_at, data) VALUES ($1, $2, $3, $4, $5)",
		eventID, e.CommunityID, e.Type, now, data)
	return err
}
