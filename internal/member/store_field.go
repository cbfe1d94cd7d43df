package member

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

const fieldColumns = "id, field, name, type, options, required, default_value, description, filterable, identifier, created_at"

func scanField(s sqldb.Scanner) (Field, error) {
	var f Field
	var options, value string
	if err := s.Scan(&f.ID, &f.Field, &f.Name, &f.Type, &options, &f.Required, &value, &f.Description, &f.Filterable, &f.Identifier, &f.CreatedAt); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(options), &f.Options); err != nil {
		return f, err
	}
	var err error
	f.DefaultValue, err = decodeValue(value)
	return f, err
}

func selectFields(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	return sqldb.All(ctx, q, scanField, "SELECT "+fieldColumns+" FROM user_fields WHERE community_id = $1 ORDER BY id", communityID)
}

func insertField(ctx context.Context, q sqldb.Querier, communityID string, f Field) error {
	_, err := q.Exec(ctx, `INSERT INTO user_fields (community_id, field_key, name_key, updated_at, `+fieldColumns+`)
		VALUES (`+sqldb.Marks(1, 15)+`)`, communityID, HeaderKey(f.Field), HeaderKey(f.Name), f.CreatedAt,
		f.ID, f.Field, f.Name, string(f.Type), encodeJSON(f.Options), f.Required, encodeJSON(f.DefaultValue), f.Description, f.Filterable, f.Identifier, f.CreatedAt)
	return err
}
