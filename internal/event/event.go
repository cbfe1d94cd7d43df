// Package event appends events to the database in the transaction of the change
// they describe. Writers do not know the readers.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Event is a change in a community.
type Event struct {
	CommunityID string
	Type        string // a constant of this package
	Data        any    // the struct of the type
}

// Append inserts an event in the caller's transaction. now is in Unix
// milliseconds. The sequence is assigned after the commit, because the order of
// commits is unknown before.
func Append(ctx context.Context, tx *sqldb.Tx, now int64, e Event) error {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return fmt.Errorf("append event %s: %w", e.Type, err)
	}
	return insertEvent(ctx, tx, id.New(time.UnixMilli(now)), now, e, string(data))
}
