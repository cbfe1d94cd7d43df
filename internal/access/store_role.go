package access

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const roleColumns = "id, title, class, rank, everyone, billable, server_permissions, channel_permissions, created_at, updated_at"

var cachedRoles = cache.New[[]Role](2_000, "roles") // by community

// listRoles returns the roles of a community. Outside a transaction their maps are
// shared: nobody may change them.
func listRoles(ctx context.Context, q sqldb.Querier, communityID string) ([]Role, error) {
	roles, err := cachedRoles.Get(q, communityID, func() ([]Role, error) {
		return sqldb.All(ctx, q, scanRole,
			"SELECT "+roleColumns+" FROM roles WHERE community_id = $1 ORDER BY everyone, rank DESC, id", communityID)
	})
	return slices.Clone(roles), err
}

func insertRole(ctx context.Context, q sqldb.Querier, communityID string, r Role) error {
	return execInsertRole(ctx, q, communityID, r, "")
}

func insertEveryone(ctx context.Context, q sqldb.Querier, communityID string) error {
	c, err := community.Load(ctx, q, communityID)
	if err != nil {
		return err
	}
	r, err := RoleInput{Title: EveryoneTitle, ChannelPermissions: permission.EveryoneDefaults}.role()
	if err != nil {
		return err
	}
	r.ID, r.Everyone, r.CreatedAt, r.UpdatedAt = id.New(time.UnixMilli(c.CreatedAt)), true, c.CreatedAt, c.CreatedAt
	return execInsertRole(ctx, q, communityID, r, "ON CONFLICT (community_id, title) DO NOTHING")
}

func execInsertRole(ctx context.Context, q sqldb.Querier, communityID string, r Role, conflict string) error {
	server, channel, err := encodeGranted(r)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, "INSERT INTO roles (community_id, "+roleColumns+") VALUES ("+sqldb.Placeholders(1, 11)+") "+conflict,
		communityID, r.ID, r.Title, r.Class, r.Order, r.Everyone, r.Billable, server, channel, r.CreatedAt, r.UpdatedAt)
	return err
}

func scanRole(s sqldb.Scanner) (Role, error) {
	var r Role
	var server, channel string
	err := s.Scan(&r.ID, &r.Title, &r.Class, &r.Order, &r.Everyone, &r.Billable, &server, &channel, &r.CreatedAt, &r.UpdatedAt)
	if err != nil {
		return Role{}, err
	}
	if r.ServerPermissions, err = permission.Granted(server, permission.ServerPermissions); err != nil {
		return Role{}, fmt.Errorf("decode permissions of role %s: %w", r.ID, err)
	}
	if r.ChannelPermissions, err = permission.Granted(channel, permission.ChannelPermissions); err != nil {
		return Role{}, fmt.Errorf("decode permissions of role %s: %w", r.ID, err)
	}
	return r, nil
}

func roleByID(ctx context.Context, q sqldb.Querier, communityID, roleID, lock string) (Role, error) {
	return sqldb.One(ctx, q, "role", scanRole,
		"SELECT "+roleColumns+" FROM roles WHERE community_id = $1 AND id = $2 "+lock, communityID, roleID)
}

func lockRole(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) (Role, error) {
	return roleByID(ctx, tx, communityID, roleID, tx.Dialect().Lock())
}

func updateRole(ctx context.Context, tx *sqldb.Tx, communityID string, r Role) error {
	server, channel, err := encodeGranted(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE roles SET title = $1, class = $2, rank = $3, billable = $4, server_permissions = $5, channel_permissions = $6, updated_at = $7
		WHERE community_id = $8 AND id = $9`, r.Title, r.Class, r.Order, r.Billable, server, channel, r.UpdatedAt, communityID, r.ID)
	return err
}

func encodeGranted(r Role) (server, channel string, err error) {
	s, err := json.Marshal(r.ServerPermissions)
	if err != nil {
		return "", "", fmt.Errorf("encode server permissions: %w", err)
	}
	c, err := json.Marshal(r.ChannelPermissions)
	if err != nil {
		return "", "", fmt.Errorf("encode channel permissions: %w", err)
	}
	return string(s), string(c), nil
}

func deleteRole(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM roles WHERE community_id = $1 AND id = $2", communityID, roleID)
	return err
}
