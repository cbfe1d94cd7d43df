package community

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, name, settings, created_at, updated_at, deleted_at"

// Insert adds a community without validation or OnCreate; see Create.
func Insert(ctx context.Context, q sqldb.Querier, c Community) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	_, err = q.Exec(ctx, "INSERT INTO communities ("+columns+") VALUES ($1, $2, $3, $4, $5, $6)",
		c.ID, c.Name, string(settings), c.CreatedAt, c.UpdatedAt, c.DeletedAt)
	return err
}

var cached = cache.New[Community](2_000, "communities") // by id

// Load returns a community. Outside a transaction the lists of its settings are
// shared: nobody may change them. It returns NotFound "community_not_found" if it is
// missing or deleted.
func Load(ctx context.Context, q sqldb.Querier, communityID string) (Community, error) {
	return cached.Get(q, communityID, func() (Community, error) {
		return sqldb.One(ctx, q, "community", scan, "SELECT "+columns+" FROM communities WHERE id = $1 AND deleted_at = 0", communityID)
	})
}

func lock(ctx context.Context, tx *sqldb.Tx, communityID string) (Community, error) {
	return sqldb.One(ctx, tx, "community", scan,
		"SELECT "+columns+" FROM communities WHERE id = $1 AND deleted_at = 0 "+tx.Dialect().Lock(), communityID)
}

func lockDeleted(ctx context.Context, tx *sqldb.Tx, communityID string) (Community, error) {
	return sqldb.One(ctx, tx, "community", scan,
		"SELECT "+columns+" FROM communities WHERE id = $1 "+tx.Dialect().Lock(), communityID)
}

// LoadMany returns the existing communities with these ids, deleted ones
// included, oldest first.
func LoadMany(ctx context.Context, q sqldb.Querier, ids []string) ([]Community, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM communities WHERE "+q.Dialect().In("id", "$1")+" ORDER BY id", sqldb.Keys(ids))
}

func list(ctx context.Context, q sqldb.Querier) ([]Community, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM communities WHERE deleted_at = 0 ORDER BY id")
}

func update(ctx context.Context, q sqldb.Querier, c Community) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	_, err = q.Exec(ctx, "UPDATE communities SET name = $1, settings = $2, updated_at = $3 WHERE id = $4",
		c.Name, string(settings), c.UpdatedAt, c.ID)
	return err
}

func setDeleted(ctx context.Context, tx *sqldb.Tx, c Community) error {
	_, err := tx.Exec(ctx, "UPDATE communities SET deleted_at = $1 WHERE id = $2", c.DeletedAt, c.ID)
	return err
}

// erasing is the deleted_at of communities being erased, before the cutoff of
// every node's clock.
const erasing = 1

func markForErasure(ctx context.Context, q sqldb.Querier, oldest int64) error {
	_, err := q.Exec(ctx, "UPDATE communities SET deleted_at = $1 WHERE deleted_at <> 0 AND deleted_at <= $2", erasing, oldest)
	return err
}

func markedForErasure(ctx context.Context, q sqldb.Querier) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM communities WHERE deleted_at <> 0 AND deleted_at <= $1 ORDER BY id", erasing)
}

func deleteMarked(ctx context.Context, q sqldb.Querier, communityID string) error {
	_, err := q.Exec(ctx, "DELETE FROM communities WHERE id = $1 AND deleted_at = $2", communityID, erasing)
	return err
}

func scan(s sqldb.Scanner) (Community, error) {
	var c Community
	var settings string
	if err := s.Scan(&c.ID, &c.Name, &settings, &c.CreatedAt, &c.UpdatedAt, &c.DeletedAt); err != nil {
		return Community{}, err
	}
	var err error
	if c.Settings, err = decodeSettings(settings); err != nil {
		return Community{}, fmt.Errorf("decode settings of community %s: %w", c.ID, err)
	}
	return c, nil
}
