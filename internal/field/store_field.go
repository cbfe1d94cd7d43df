package field

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	fieldTables  = "field_definitions f LEFT JOIN field_jobs w ON w.community_id = f.community_id AND w.field_id = f.id"
	fieldColumns = `f.id, f.field, f.name, f.type, f.options, f.required, f.default_value, f.description, f.filterable, f.identifier, f.created_at,
		f.sort_order, f.indexed, COALESCE(w.kind, ''), COALESCE(w.done, 0), COALESCE(w.total, 0), COALESCE(w.error, '')`
)

func scanField(s sqldb.Scanner) (Field, error) {
	var f Field
	var options, value, failure string
	if err := s.Scan(&f.ID, &f.Field, &f.Name, &f.Type, &options, &f.Required, &value, &f.Description, &f.Filterable, &f.Identifier, &f.CreatedAt,
		&f.Order, &f.Indexed, &f.Work.Kind, &f.Work.Done, &f.Work.Total, &failure); err != nil {
		return f, err
	}
	f.Work.Error = errs.ParseSentence(failure)
	if err := json.Unmarshal([]byte(options), &f.Options); err != nil {
		return f, err
	}
	var err error
	f.DefaultValue, err = DecodeText(value)
	return f, err
}

var cached = cache.New[[]Field](2_000, "field_definitions", "field_jobs") // by community

// ListCustom returns the custom fields without those that are being deleted. Outside
// a transaction their options and default values are shared: nobody may change them.
func ListCustom(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	fields, err := cached.Get(q, communityID, func() ([]Field, error) { return listCustom(ctx, q, communityID) })
	return slices.Clone(fields), err
}

func listCustom(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	return sqldb.All(ctx, q, scanField, "SELECT "+fieldColumns+" FROM "+fieldTables+" WHERE f.community_id = $1 AND COALESCE(w.kind, '') <> 'clear' ORDER BY f.sort_order, f.id", communityID)
}

func insertField(ctx context.Context, q sqldb.Querier, communityID string, f Field) error {
	_, err := q.Exec(ctx, `INSERT INTO field_definitions (community_id, id, field, field_key, name, name_key, type, options, required, default_value,
		description, filterable, indexed, identifier, sort_order, created_at, updated_at) VALUES (`+sqldb.Placeholders(1, 17)+`)`,
		communityID, f.ID, f.Field, HeaderKey(f.Field), f.Name, HeaderKey(f.Name), string(f.Type), EncodeJSON(f.Options), f.Required, EncodeJSON(f.DefaultValue),
		f.Description, f.Filterable, f.Indexed, f.Identifier, f.Order, f.CreatedAt, f.CreatedAt)
	return err
}

// SetOrder stores the position of a field.
func SetOrder(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string, order, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE field_definitions SET sort_order = $3, updated_at = $4 WHERE community_id = $1 AND id = $2", communityID, fieldID, order, now)
	return err
}

// ListDeleted returns deleted fields, for histories: ID, Field, Name and Type.
func ListDeleted(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Field, error) {
		var f Field
		return f, s.Scan(&f.ID, &f.Field, &f.Name, &f.Type)
	}, "SELECT id, field, name, type FROM deleted_fields WHERE community_id = $1", communityID)
}

// LoadByID returns a custom field, or NotFound "field_not_found"; those that are
// being deleted too.
func LoadByID(ctx context.Context, q sqldb.Querier, communityID, fieldID string) (Field, error) {
	return sqldb.One(ctx, q, "field", scanField, "SELECT "+fieldColumns+" FROM "+fieldTables+" WHERE f.community_id = $1 AND f.id = $2", communityID, fieldID)
}

// Store updates a definition, but not its database name. now is in Unix
// milliseconds.
func Store(ctx context.Context, tx *sqldb.Tx, communityID string, f Field, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE field_definitions SET name = $3, name_key = $4, type = $5, options = $6, required = $7, default_value = $8, description = $9,
		filterable = $10, indexed = $11, identifier = $12, sort_order = $13, updated_at = $14 WHERE community_id = $1 AND id = $2`, communityID, f.ID,
		f.Name, HeaderKey(f.Name), string(f.Type), EncodeJSON(f.Options), f.Required, EncodeJSON(f.DefaultValue), f.Description,
		f.Filterable, f.Indexed, f.Identifier, f.Order, now)
	return err
}

// InsertDeleted records a deleted field for histories. An applied plan may create a
// field again with its previous id.
func InsertDeleted(ctx context.Context, tx *sqldb.Tx, communityID string, f Field, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO deleted_fields (community_id, id, field, name, type, deleted_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (community_id, id) DO UPDATE SET field = excluded.field, name = excluded.name, type = excluded.type, deleted_at = excluded.deleted_at`,
		communityID, f.ID, f.Field, f.Name, string(f.Type), now)
	return err
}

// Delete deletes a definition.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM field_definitions WHERE community_id = $1 AND id = $2", communityID, fieldID)
	return err
}

// ListFilterable returns the custom fields indexed by value.
func ListFilterable(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	return sqldb.All(ctx, q, scanField, "SELECT "+fieldColumns+" FROM "+fieldTables+" WHERE f.community_id = $1 AND f.filterable ORDER BY f.id", communityID)
}
