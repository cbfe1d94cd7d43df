package subject

import (
	"context"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// usersOf returns the ids of members by the keys of their values.
func usersOf(ctx context.Context, q sqldb.Querier, communityID string, f *field.Field, keys []string) (map[string][]string, error) {
	users := map[string][]string{}
	if f.Identifier {
		held, err := member.Identifiers(ctx, q, communityID, f.ID, keys)
		for _, one := range held {
			users[one.Key] = append(users[one.Key], one.UserID)
		}
		return users, err
	}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var key, userID string
		err = s.Scan(&key, &userID)
		users[key] = append(users[key], userID)
		return none, err
	}, "SELECT key, user_id FROM member_values WHERE community_id = $1 AND field_id = $2 AND "+q.Dialect().In("key", "$3")+" ORDER BY key, user_id LIMIT 10000", communityID, f.ID, sqldb.Keys(keys))
	return users, err
}
