package community

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, name, settings, created_at, updated_at"

// Insert adds a community as it stands, without a check and without what
// OnCreate adds; Create is the way to make one.
func Insert(ctx context.Context, q sqldb.Querier, c Community) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	_, err = q.Exec(ctx, "INSERT INTO communities ("+columns+") VALUES ($1, $2, $3, $4, $5)",
		c.ID, c.Name, string(settings), c.CreatedAt, c.UpdatedAt)
	return err
}

// Load returns a community, or NotFound "community_not_found".
func Load(ctx context.Context, q sqldb.Querier, communityID string) (Community, error) {
	return sqldb.One(ctx, q, "community", scan, "SELECT "+columns+" FROM communities WHERE id = $1", communityID)
}

func lock(ctx context.Context, tx *sqldb.Tx, communityID string) (Community, error) {
	return sqldb.One(ctx, tx, "community", scan,
		"SELECT "+columns+" FROM communities WHERE id = $1 "+tx.Dialect().Lock(), communityID)
}

func list(ctx context.Context, q sqldb.Querier) ([]Community, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM communities ORDER BY id")
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

func scan(s sqldb.Scanner) (Community, error) {
	var c Community
	var settings string
	if err := s.Scan(&c.ID, &c.Name, &settings, &c.CreatedAt, &c.UpdatedAt); err != nil {
		return Community{}, err
	}
	if err := json.Unmarshal([]byte(settings), &c.Settings); err != nil {
		return Community{}, fmt.Errorf("decode settings of community %s: %w", c.ID, err)
	}
	return c, nil
}
