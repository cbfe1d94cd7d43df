package completion

import (
	"context"

	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// CheckBatch is the number of members that one transaction checks.
const CheckBatch = checkBatch

// CheckNext checks the next members.
func (s *Completions) CheckNext(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error) {
	return s.checkNext(ctx, tx, communityID, new(string))
}

// EndFailed ends a check that was given up.
func (s *Completions) EndFailed(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return s.endFailed(ctx, tx, milestone.EvaluateArgs{CommunityID: communityID}, "")
}

// Handle handles events as the consumer does.
var Handle = (*Completions).handle
