package roster

import (
	"context"
	"net/url"

	"github.com/regulars/regulars/internal/sqldb"
)

func selectViews(ctx context.Context, q sqldb.Querier, communityID, accountID string) ([]View, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (View, error) {
		var v View
		return v, s.Scan(&v.ID, &v.Name, &v.Query, &v.CreatedAt)
	}, "SELECT id, name, query, created_at FROM saved_views WHERE community_id = $1 AND user_id = $2 ORDER BY name_key", communityID, accountID)
}

func upsertView(ctx context.Context, tx *sqldb.Tx, communityID, accountID string, v View) error {
	_, err := tx.Exec(ctx, `INSERT INTO saved_views (community_id, user_id, id, name, name_key, query, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (community_id, user_id, name_key) DO UPDATE SET name = excluded.name, query = excluded.query`,
		communityID, accountID, v.ID, v.Name, viewKey(v.Name), v.Query, v.CreatedAt)
	return err
}

func deleteView(ctx context.Context, q sqldb.Querier, communityID, accountID, viewID string) (int64, error) {
	return q.Exec(ctx, "DELETE FROM saved_views WHERE community_id = $1 AND user_id = $2 AND id = $3", communityID, accountID, viewID)
}

func deleteViewsOf(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM saved_views WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	return err
}

// ViewsName reports whether the address of a saved view in the community may name a
// field.
func ViewsName(ctx context.Context, q sqldb.Querier, communityID, field string) (bool, error) {
	return sqldb.One(ctx, q, "view", sqldb.Value[bool],
		`SELECT EXISTS (SELECT 1 FROM saved_views WHERE community_id = $1 AND query LIKE $2 ESCAPE '\')`, communityID, "%"+sqldb.LikePrefix(url.QueryEscape(field)))
}
