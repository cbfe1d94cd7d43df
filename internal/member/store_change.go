package member

import (
	"context"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// selectChangedByOthers returns the ids of those of the users who have a change
// that came from none of the sources.
func selectChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs, sourceIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT DISTINCT user_id FROM field_history
		WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+" AND NOT "+q.Dialect().In("source_id", "$3"), communityID, sqldb.Keys(userIDs), sqldb.Keys(sourceIDs))
}

// selectEdges returns the first change of each field of each of the users, and
// the last one that came from one of the sources.
func selectEdges(ctx context.Context, q sqldb.Querier, communityID string, userIDs, sourceIDs []string) ([]edge, error) {
	own := "CASE WHEN " + q.Dialect().In("source_id", "$3") + " THEN 1 ELSE 0 END"
	return sqldb.All(ctx, q, scanEdge, `SELECT user_id, field_id, old_value, new_value, source_id, place, own, recent FROM (
			SELECT user_id, field_id, old_value, new_value, source_id, own,
				ROW_NUMBER() OVER (PARTITION BY user_id, field_id ORDER BY id) AS place,
				ROW_NUMBER() OVER (PARTITION BY user_id, field_id, own ORDER BY id DESC) AS recent
			FROM (SELECT user_id, field_id, old_value, new_value, source_id, id, `+own+` AS own FROM field_history
				WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+`) AS changes) AS ranked
		WHERE place = 1 OR own = 1 AND recent = 1`, communityID, sqldb.Keys(userIDs), sqldb.Keys(sourceIDs))
}

func scanEdge(s sqldb.Scanner) (edge, error) {
	var e edge
	var before, after string
	var place, own, recent int64
	if err := s.Scan(&e.userID, &e.fieldID, &before, &after, &e.sourceID, &place, &own, &recent); err != nil {
		return e, err
	}
	e.first, e.last = place == 1, own == 1 && recent == 1
	var err error
	if e.before, err = field.DecodeText(before); err != nil {
		return e, err
	}
	e.after, err = field.DecodeText(after)
	return e, err
}
