package access

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/sqldb"
)

const keyColumns = "community_id, id, name, hint, permissions, active, created_by, created_at, updated_at, expires_at, used_at, previous_expires_at, limited_by, previous_limited_by"

func insertKey(ctx context.Context, q sqldb.Querier, k Key, hash string) error {
	_, err := q.Exec(ctx, "INSERT INTO api_keys ("+keyColumns+", key_hash) VALUES ("+sqldb.Placeholders(1, 15)+")",
		k.CommunityID, k.ID, k.Name, k.Hint, encodeList(k.Permissions), k.Active, k.CreatedBy, k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.UsedAt, k.PreviousExpiresAt, strings.Join(k.LimitedBy, " "), strings.Join(k.PreviousLimitedBy, " "), hash)
	return err
}

// creatorIsOwner is a column: whether the creator of the key, "account:<id>",
// owns the installation.
const creatorIsOwner = "COALESCE((SELECT a.installation_owner FROM accounts a WHERE a.id = substr(api_keys.created_by, 9)), FALSE)"

// presentedKey is a key with the secret that a request sent.
type presentedKey struct {
	Key
	creatorIsOwner bool // the creator owns the installation
	currentSecret  bool // false: the secret before the last rotation
}

var (
	cachedKeys     = cache.New[presentedKey](20_000, "api_keys", "communities", "accounts") // by the hash of the secret
	cachedUserKeys = cache.New[personKey](20_000, "account_api_keys", "accounts")           // by the hash of the secret
)

func keyByHash(ctx context.Context, q sqldb.Querier, hash string) (presentedKey, error) {
	scan := func(s sqldb.Scanner) (k presentedKey, err error) {
		k.Key, err = scanKey(extendedScanner{s, []any{&k.creatorIsOwner, &k.currentSecret}})
		return k, err
	}
	return cachedKeys.Get(q, hash, func() (presentedKey, error) {
		return sqldb.One(ctx, q, "api_key", scan, "SELECT "+keyColumns+", "+creatorIsOwner+`, key_hash = $1 FROM api_keys
			WHERE (key_hash = $1 OR previous_hash = $1 AND previous_hash <> '')
			AND EXISTS (SELECT 1 FROM communities c WHERE c.id = api_keys.community_id AND c.deleted_at = 0)`, hash)
	})
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
	_, err := tx.Exec(ctx, "UPDATE api_keys SET name = $1, permissions = $2, active = $3, expires_at = $4, updated_at = $5, created_by = $6, limited_by = $7, previous_limited_by = $8 WHERE community_id = $9 AND id = $10",
		k.Name, encodeList(k.Permissions), k.Active, k.ExpiresAt, k.UpdatedAt, k.CreatedBy, strings.Join(k.LimitedBy, " "), strings.Join(k.PreviousLimitedBy, " "), k.CommunityID, k.ID)
	return err
}

// rotateKey replaces the secret's hash. The previous secret works until
// k.PreviousExpiresAt, with 0 not at all.
func rotateKey(ctx context.Context, tx *sqldb.Tx, k Key, hash string) error {
	_, err := tx.Exec(ctx, `UPDATE api_keys SET previous_hash = CASE WHEN CAST($1 AS BIGINT) = 0 THEN '' ELSE key_hash END, previous_expires_at = CAST($1 AS BIGINT), key_hash = $2, hint = $3, updated_at = $4, created_by = $5,
		limited_by = $6, previous_limited_by = $7 WHERE community_id = $8 AND id = $9`,
		k.PreviousExpiresAt, hash, k.Hint, k.UpdatedAt, k.CreatedBy, strings.Join(k.LimitedBy, " "), strings.Join(k.PreviousLimitedBy, " "), k.CommunityID, k.ID)
	return err
}

// sweepOldSecrets deletes previous secrets that ended before a time in Unix
// milliseconds.
func sweepOldSecrets(ctx context.Context, q sqldb.Querier, before int64) error {
	_, err := q.Exec(ctx, "UPDATE api_keys SET previous_hash = '', previous_expires_at = 0 WHERE previous_hash <> '' AND previous_expires_at < $1", before)
	return err
}

func deleteKey(ctx context.Context, tx *sqldb.Tx, communityID, keyID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM api_keys WHERE community_id = $1 AND id = $2", communityID, keyID)
	return err
}

func scanKey(s sqldb.Scanner) (Key, error) {
	var k Key
	var permissions, bounds, previousBounds string
	err := s.Scan(&k.CommunityID, &k.ID, &k.Name, &k.Hint, &permissions, &k.Active, &k.CreatedBy, &k.CreatedAt, &k.UpdatedAt, &k.ExpiresAt, &k.UsedAt, &k.PreviousExpiresAt, &bounds, &previousBounds)
	if err != nil {
		return Key{}, err
	}
	if err := json.Unmarshal([]byte(permissions), &k.Permissions); err != nil {
		return Key{}, fmt.Errorf("decode permissions of key %s: %w", k.ID, err)
	}
	if bounds != "" {
		k.LimitedBy = strings.Split(bounds, " ")
	}
	if previousBounds != "" {
		k.PreviousLimitedBy = strings.Split(previousBounds, " ")
	}
	return k, nil
}

const userKeyColumns = "account_id, id, name, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at"

// encodeList returns a list as JSON.
func encodeList[T ~string](list []T) string {
	text, _ := json.Marshal(list) // texts are encoded without error
	return string(text)
}

func insertUserKey(ctx context.Context, q sqldb.Querier, k Key, hash string) error {
	_, err := q.Exec(ctx, "INSERT INTO account_api_keys ("+userKeyColumns+", key_hash) VALUES ("+sqldb.Placeholders(1, 12)+")",
		k.AccountID, k.ID, k.Name, k.Hint, encodeList(k.Permissions), encodeList(k.Channels), k.Active, k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.UsedAt, hash)
	return err
}

// personKey is a key with data of its account.
type personKey struct {
	Key
	owner    bool // of the installation
	language string
}

func userKeyByHash(ctx context.Context, q sqldb.Querier, hash string) (personKey, error) {
	scan := func(s sqldb.Scanner) (p personKey, err error) {
		p.Key, err = scanUserKey(extendedScanner{s, []any{&p.owner, &p.language}})
		return p, err
	}
	return cachedUserKeys.Get(q, hash, func() (personKey, error) {
		return sqldb.One(ctx, q, "api_key", scan, `SELECT k.account_id, k.id, k.name, k.hint, k.permissions, k.channels, k.active, k.created_at, k.updated_at, k.expires_at, k.used_at,
			a.installation_owner, a.language FROM account_api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.key_hash = $1`, hash)
	})
}

// extendedScanner scans more columns after those of the caller.
type extendedScanner struct {
	sqldb.Scanner
	more []any
}

// Scan reads a row.
func (s extendedScanner) Scan(to ...any) error { return s.Scanner.Scan(append(to, s.more...)...) }

func listUserKeys(ctx context.Context, q sqldb.Querier, accountID string) ([]Key, error) {
	return sqldb.All(ctx, q, scanUserKey, "SELECT "+userKeyColumns+" FROM account_api_keys WHERE account_id = $1 ORDER BY id DESC", accountID)
}

func countUserKeys(ctx context.Context, q sqldb.Querier, accountID string) (int, error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[int], "SELECT count(*) FROM account_api_keys WHERE account_id = $1", accountID)
}

func loadUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID, lock string) (Key, error) {
	return sqldb.One(ctx, q, "api_key", scanUserKey, "SELECT "+userKeyColumns+" FROM account_api_keys WHERE account_id = $1 AND id = $2 "+lock, accountID, keyID)
}

func updateUserKey(ctx context.Context, tx *sqldb.Tx, k Key) error {
	_, err := tx.Exec(ctx, `UPDATE account_api_keys SET name = $1, permissions = $2, channels = $3, active = $4, expires_at = $5, updated_at = $6
		WHERE account_id = $7 AND id = $8`, k.Name, encodeList(k.Permissions), encodeList(k.Channels), k.Active, k.ExpiresAt, k.UpdatedAt, k.AccountID, k.ID)
	return err
}

func touchUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE account_api_keys SET used_at = $1 WHERE account_id = $2 AND id = $3 AND used_at < $1", now, accountID, keyID)
	return err
}

func deleteUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM account_api_keys WHERE account_id = $1 AND id = $2", accountID, keyID)
	return n > 0, err
}

func scanUserKey(s sqldb.Scanner) (Key, error) {
	var k Key
	var permissions, channels string
	err := s.Scan(&k.AccountID, &k.ID, &k.Name, &k.Hint, &permissions, &channels, &k.Active, &k.CreatedAt, &k.UpdatedAt, &k.ExpiresAt, &k.UsedAt)
	if err != nil {
		return Key{}, err
	}
	if err := json.Unmarshal([]byte(permissions), &k.Permissions); err != nil {
		return Key{}, fmt.Errorf("decode permissions of key %s: %w", k.ID, err)
	}
	if err := json.Unmarshal([]byte(channels), &k.Channels); err != nil {
		return Key{}, fmt.Errorf("decode channels of key %s: %w", k.ID, err)
	}
	return k, nil
}

// accountOfKey returns the account of a person's key, or NotFound
// "api_key_not_found".
func accountOfKey(ctx context.Context, q sqldb.Querier, keyID string) (accountID string, err error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[string], "SELECT account_id FROM account_api_keys WHERE id = $1", keyID)
}

// RevokeUserKeys deletes the API keys of an account, in the caller's transaction.
func RevokeUserKeys(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM account_api_keys WHERE account_id = $1", accountID)
	return err
}
