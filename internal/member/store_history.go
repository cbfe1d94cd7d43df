package member

import (
	"context"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// selectChangedByOthers returns the members that have a change from none of the
// sources.
func selectChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs, sourceIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT DISTINCT user_id FROM field_history
		WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+" AND NOT "+q.Dialect().In("source_id", "$3"), communityID, sqldb.Keys(userIDs), sqldb.Keys(sourceIDs))
}

// selectEdges returns the first change of each field of members, and the last
// one from one of the sources.
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

// RecordChanges writes changes of one source into the history, in the
// transaction that locked and stamped their members.
func RecordChanges(ctx context.Context, tx *sqldb.Tx, communityID string, changes []Change, source Source, actor string) error {
	columns := []string{"community_id", "user_id", "id", "field_id", "old_value", "new_value", "valid_from", "recorded_at", "source_type", "source_id", "actor"}
	// Values that all rows share are boxed once.
	var community, sourceType, sourceID, by any = communityID, source.Type, source.ID, actor
	return tx.InsertRows(ctx, sqldb.Rows{Table: "field_history", Columns: columns, N: len(changes), Fill: func(i int, row []any) {
		c := &changes[i]
		row[0], row[1], row[2], row[3] = community, c.UserID, c.ID, c.Field.ID
		if c.ID == "" {
			row[2] = c.NewID()
		}
		row[4], row[5] = string(field.AppendValue(nil, c.Old)), string(field.AppendValue(nil, c.New))
		row[6], row[7], row[8], row[9], row[10] = c.RecordedAt, c.RecordedAt, sourceType, sourceID, by
		if c.ValidFrom != 0 {
			row[6] = c.ValidFrom
		}
	}})
}
