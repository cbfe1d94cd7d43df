package access

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/sqldb"
)

const keyColumns = "community_id, id, name, hint, permissions, active, created_by, created_at, updated_at, expires_at, used_at, old_until, bound_by, old_bound_by"

func insertKey(ctx context.Context, q sqldb.Querier, k Key, hash string) error {
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	_, err = q.Exec(ctx, "INSERT INTO api_keys ("+keyColumns+", key_hash) VALUES ("+sqldb.Placeholders(1, 15)+")",
		k.CommunityID, k.ID, k.Name, k.Hint, string(permissions), k.Active, k.CreatedBy, k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.UsedAt, k.OldUntil, strings.Join(k.BoundBy, " "), strings.Join(k.OldBoundBy, " "), hash)
	return err
}

// madeByInstaller reads from the row of a key whether the person who made it,
// "account:<id>", runs the installation.
const madeByInstaller = "COALESCE((SELECT a.installation_owner FROM accounts a WHERE a.id = substr(api_keys.created_by, 9)), FALSE)"

// usedKey is a key as a request presents it.
type usedKey struct {
	Key
	installer bool // its creator owns the installation
	newest    bool // false: by the secret before the last rotation
}

func keyByHash(ctx context.Context, q sqldb.Querier, hash string) (usedKey, error) {
	scan := func(s sqldb.Scanner) (k usedKey, err error) {
		k.Key, err = scanKey(scannerTo{s, []any{&k.installer, &k.newest}})
		return k, err
	}
	return sqldb.One(ctx, q, "api_key", scan, "SELECT "+keyColumns+", "+madeByInstaller+`, key_hash = $1 FROM api_keys
		WHERE (key_hash = $1 OR old_hash = $1 AND old_hash <> '')
		AND EXISTS (SELECT 1 FROM communities c WHERE c.id = api_keys.community_id AND c.deleted_at = 0)`, hash)
}

func listKeys(ctx context.Context, q sqldb.Querier, communityID string) ([]Key, error) {
	return sqldb.All(ctx, q, scanKey, "SELECT "+keyColumns+" FROM api_keys WHERE community_id = $1 ORDER BY id DESC", communityID)
}

func countKeys(ctx context.Context, q sqldb.Querier, communityID string) (int, error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[int], "SELECT count(*) FROM api_keys WHERE community_id = $1", communityID)
}

func touchKey(ctx context.Context, q sqldb.Querier, communityID, keyID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE api_keys SET used_at = $1 WHERE community_id = $2 AND id = $3 AND used_at < $1", now, communityID, keyID)
	return err
}

func loadKey(ctx context.Context, q sqldb.Querier, communityID, keyID, lock string) (Key, error) {
	return sqldb.One(ctx, q, "api_key", scanKey, "SELECT "+keyColumns+" FROM api_keys WHERE community_id = $1 AND id = $2 "+lock, communityID, keyID)
}

func updateKey(ctx context.Context, tx *sqldb.Tx, k Key) error {
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	_, err = tx.Exec(ctx, "UPDATE api_keys SET name = $1, permissions = $2, active = $3, expires_at = $4, updated_at = $5, created_by = $6, bound_by = $7, old_bound_by = $8 WHERE community_id = $9 AND id = $10",
		k.Name, string(permissions), k.Active, k.ExpiresAt, k.UpdatedAt, k.CreatedBy, strings.Join(k.BoundBy, " "), strings.Join(k.OldBoundBy, " "), k.CommunityID, k.ID)
	return err
}

// rotateKey makes hash that of the key's secret. The previous secret works
// until k.OldUntil; with 0 it does not.
func rotateKey(ctx context.Context, tx *sqldb.Tx, k Key, hash string) error {
	_, err := tx.Exec(ctx, `UPDATE api_keys SET old_hash = CASE WHEN CAST($1 AS BIGINT) = 0 THEN '' ELSE key_hash END, old_until = CAST($1 AS BIGINT), key_hash = $2, hint = $3, updated_at = $4, created_by = $5,
		bound_by = $6, old_bound_by = $7 WHERE community_id = $8 AND id = $9`,
		k.OldUntil, hash, k.Hint, k.UpdatedAt, k.CreatedBy, strings.Join(k.BoundBy, " "), strings.Join(k.OldBoundBy, " "), k.CommunityID, k.ID)
	return err
}

// sweepOldSecrets forgets previous secrets that ended before a moment.
func sweepOldSecrets(ctx context.Context, q sqldb.Querier, before int64) error {
	_, err := q.Exec(ctx, "UPDATE api_keys SET old_hash = '', old_until = 0 WHERE old_hash <> '' AND old_until < $1", before)
	return err
}

func deleteKey(ctx context.Context, tx *sqldb.Tx, communityID, keyID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM api_keys WHERE community_id = $1 AND id = $2", communityID, keyID)
	return err
}

func scanKey(s sqldb.Scanner) (Key, error) {
	var k Key
	var permissions, bounds, oldBounds string
	err := s.Scan(&k.CommunityID, &k.ID, &k.Name, &k.Hint, &permissions, &k.Active, &k.CreatedBy, &k.CreatedAt, &k.UpdatedAt, &k.ExpiresAt, &k.UsedAt, &k.OldUntil, &bounds, &oldBounds)
	if err != nil {
		return Key{}, err
	}
	if err := json.Unmarshal([]byte(permissions), &k.Permissions); err != nil {
		return Key{}, fmt.Errorf("decode permissions of key %s: %w", k.ID, err)
	}
	if bounds != "" {
		k.BoundBy = strings.Split(bounds, " ")
	}
	if oldBounds != "" {
		k.OldBoundBy = strings.Split(oldBounds, " ")
	}
	return k, nil
}
