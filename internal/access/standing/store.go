package standing

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/regulars/regulars/internal/sqldb"
)

// selectKeys returns the enabled ones among keys of persons, by their ids.
func selectKeys(ctx context.Context, q sqldb.Querier, keyIDs []string) (map[string]Credential, error) {
	found := make(map[string]Credential, len(keyIDs))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var keyID, permissions, channels string
		var key Credential
		if err := s.Scan(&keyID, &permissions, &channels, &key.ExpiresAt); err != nil {
			return none, err
		}
		err = errors.Join(json.Unmarshal([]byte(permissions), &key.Permissions), json.Unmarshal([]byte(channels), &key.Channels))
		found[keyID] = key
		return none, err
	}, "SELECT id, permissions, channels, expires_at FROM account_api_keys WHERE active AND "+q.Dialect().In("id", "$1"), sqldb.Keys(keyIDs))
	return found, err
}
