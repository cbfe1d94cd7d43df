package cause

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Load returns the Writes of members. Conditions are compared with values that are read
// later: an undo between the two then leaves a cause, or nothing that is met.
func Load(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (Writes, error) {
	writes := Writes{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var key member.FieldOf
		var one write
		err = s.Scan(&key.UserID, &key.FieldID, &one.jobID, &one.at)
		writes[key] = one
		return none, err
	}, `SELECT user_id, field_id, source_id, recorded_at FROM (
			SELECT user_id, field_id, source_type, source_id, recorded_at, ROW_NUMBER() OVER (PARTITION BY user_id, field_id ORDER BY id DESC) AS recent
			FROM field_history WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+`) AS changes
		WHERE recent = 1 AND source_type IN ('import', 'update')`, communityID, sqldb.Keys(ids))
	return writes, err
}
