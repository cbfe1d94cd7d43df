package badge

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Insert inserts a copy of a badge under a new id.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, b Badge) error {
	b.ID = id.New(time.Now())
	return insert(ctx, tx, communityID, b)
}
