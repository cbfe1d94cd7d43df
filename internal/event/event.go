// Package event writes down what happened, in the transaction that did it.
// Whoever wants to know reads the events; whoever writes them knows nothing of
// the readers.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Event is something that happened in a community.
type Event struct {
	CommunityID string
	Type        string // one of the constants of this package
	Data        any    // the struct that belongs to the type
}

// Append writes an event in the caller's transaction. now is in Unix
// milliseconds. Its sequence is given after the commit: until then nobody can
// know the order of commits.
func Append(ctx context.Context, tx *sqldb.Tx, now int64, e Event) error {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	return insertEvent(ctx, tx, id.New(time.UnixMilli(now)), now, e, string(data))
}
