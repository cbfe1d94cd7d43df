package member

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

const (
	fieldTables  = "user_fields f LEFT JOIN field_work w ON w.community_id = f.community_id AND w.field_id = f.id"
	fieldColumns = `f.id, f.field, f.name, f.type, f.options, f.required, f.default_value, f.description, f.filterable, f.identifier, f.created_at,
		f.sort_order, f.filled, COALESCE(w.kind, ''), COALESCE(w.done, 0), COALESCE(w.total, 0), COALESCE(w.error, '')`
)

func scanField(s sqldb.Scanner) (Field, error) {
	var f Field
	var options, value string
	if err := s.Scan(&f.ID, &f.Field, &f.Name, &f.Type, &options, &f.Required, &value, &f.Description, &f.Filterable, &f.Identifier, &f.CreatedAt,
		&f.Order, &f.Filled, &f.Work.Kind, &f.Work.Done, &f.Work.Total, &f.Work.Error); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(options), &f.Options); err != nil {
		return f, err
	}
	var err error
	f.DefaultValue, err = decodeValue(value)
	return f, err
}

// selectFields leaves out fields that were deleted and whose values are still
// being cleared.
func selectFields(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	return sqldb.All(ctx, q, scanField, "SELECT "+fieldColumns+" FROM "+fieldTables+" WHERE f.community_id = $1 AND COALESCE(w.kind, '') <> 'clear' ORDER BY f.sort_order, f.id", communityID)
}

func insertField(ctx context.Context, q sqldb.Querier, communityID string, f Field) error {
	_, err := q.Exec(ctx, `INSERT INTO user_fields (community_id, id, field, field_key, name, name_key, type, options, required, default_value,
		description, filterable, filled, identifier, sort_order, created_at, updated_at) VALUES (`+sqldb.Placeholders(1, 17)+`)`,
		communityID, f.ID, f.Field, HeaderKey(f.Field), f.Name, HeaderKey(f.Name), string(f.Type), encodeJSON(f.Options), f.Required, encodeJSON(f.DefaultValue),
		f.Description, f.Filterable, f.Filled, f.Identifier, f.Order, f.CreatedAt, f.CreatedAt)
	return err
}

func setFieldOrder(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string, order, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE user_fields SET sort_order = $3, updated_at = $4 WHERE community_id = $1 AND id = $2", communityID, fieldID, order, now)
	return err
}
