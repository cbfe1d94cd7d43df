package installation

import (
	"context"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// erasing is the largest deleted_at of communities that are being erased.
const erasing = 1

// selectCommunities returns the ids of a page and of the community after it.
func selectCommunities(ctx context.Context, q sqldb.Querier, query Query) ([]string, error) {
	where, args := []string{fmt.Sprintf("(deleted_at = 0 OR deleted_at > %d)", erasing)}, []any{}
	if query.Cursor != "" {
		args = append(args, query.Cursor)
		where = append(where, fmt.Sprintf("id < $%d", len(args)))
	}
	if query.Search != "" {
		args = append(args, "%"+sqldb.LikePrefix(sqldb.CaseFold(query.Search)))
		where = append(where, fmt.Sprintf(`%s LIKE $%d ESCAPE '\'`, q.Dialect().CaseFold("name"), len(args)))
	}
	return sqldb.All(ctx, q, sqldb.Value[string], fmt.Sprintf("SELECT id FROM communities WHERE %s ORDER BY id DESC LIMIT %d", strings.Join(where, " AND "), query.Limit+1), args...)
}

// named is a name of an object.
type named struct{ id, name string }

func scanNamed(s sqldb.Scanner) (n named, err error) {
	err = s.Scan(&n.id, &n.name)
	return n, err
}

func byID(rows []named, err error) (map[string][]string, error) {
	names := map[string][]string{}
	for _, n := range rows {
		names[n.id] = append(names[n.id], n.name)
	}
	return names, err
}

// selectOwners returns the usernames of the owners of communities, deleted ones
// included.
func selectOwners(ctx context.Context, q sqldb.Querier, communityIDs []string) (map[string][]string, error) {
	return byID(sqldb.All(ctx, q, scanNamed, "SELECT m.community_id, m.username FROM "+member.FromOwners(q.Dialect())+`
		WHERE m.owner AND m.state = 'active' AND `+q.Dialect().In("m.community_id", "$1")+" ORDER BY m.community_id, m.user_id", sqldb.Keys(communityIDs)))
}

// totals are numbers of a community.
type totals struct {
	communityID   string
	number, bytes int64
}

func scanTotals(s sqldb.Scanner) (t totals, err error) {
	err = s.Scan(&t.communityID, &t.number, &t.bytes)
	return t, err
}

// selectMembers counts the active members of communities.
func selectMembers(ctx context.Context, q sqldb.Querier, communityIDs []string) ([]totals, error) {
	return sqldb.All(ctx, q, scanTotals, "SELECT community_id, CAST(SUM(total) AS BIGINT), CAST(0 AS BIGINT) FROM member_counts WHERE "+
		q.Dialect().In("community_id", "$1")+" GROUP BY community_id", sqldb.Keys(communityIDs))
}

// selectFiles counts the stored files of bulk jobs of communities and their
// bytes.
func selectFiles(ctx context.Context, q sqldb.Querier, communityIDs []string) ([]totals, error) {
	return sqldb.All(ctx, q, scanTotals, `SELECT community_id, count(*), CAST(SUM(size) AS BIGINT) FROM (
			SELECT community_id, file_id, max(file_size) AS size FROM bulk_jobs WHERE file_id <> '' AND `+q.Dialect().In("community_id", "$1")+` GROUP BY community_id, file_id) f
		GROUP BY community_id`, sqldb.Keys(communityIDs))
}

func scanAccount(s sqldb.Scanner) (a Account, err error) {
	err = s.Scan(&a.ID, &a.Email, &a.Username, &a.InstallationOwner, &a.CreatedAt, &a.SignedInAt, &a.Verified, &a.Password, &a.TOTP, &a.Passkeys, &a.Providers, &a.Sessions)
	return a, err
}

// selectAccounts returns a page and the account after it. now is in Unix
// milliseconds.
func selectAccounts(ctx context.Context, q sqldb.Querier, query Query, now int64) ([]Account, error) {
	where, args := []string{"TRUE"}, []any{now}
	if query.Cursor != "" {
		args = append(args, query.Cursor)
		where = append(where, fmt.Sprintf("a.id < $%d", len(args)))
	}
	if query.Search != "" {
		args = append(args, sqldb.LikePrefix(account.EmailKey(query.Search)), sqldb.LikePrefix(account.UsernameKey(query.Search)))
		where = append(where, fmt.Sprintf(`(a.email_key LIKE $%d ESCAPE '\' OR a.username_key LIKE $%d ESCAPE '\')`, len(args)-1, len(args)))
	}
	return sqldb.All(ctx, q, scanAccount, fmt.Sprintf(`SELECT a.id, a.email, a.username, a.installation_owner, a.created_at, a.signed_in_at, a.email_verified_at <> 0, a.password_hash <> '',
			EXISTS (SELECT 1 FROM account_totp t WHERE t.account_id = a.id AND t.confirmed_at > 0),
			(SELECT count(*) FROM passkeys p WHERE p.account_id = a.id),
			(SELECT count(*) FROM provider_identities i WHERE i.account_id = a.id),
			(SELECT count(*) FROM sessions s WHERE s.account_id = a.id AND s.expires_at > $1)
		FROM accounts a WHERE %s ORDER BY a.id DESC LIMIT %d`, strings.Join(where, " AND "), query.Limit+1), args...)
}

// selectCommunityNames returns the names of the communities that accounts are
// active members of, the oldest community first.
func selectCommunityNames(ctx context.Context, q sqldb.Querier, accountIDs []string) (map[string][]string, error) {
	return byID(sqldb.All(ctx, q, scanNamed, `SELECT m.account_id, c.name FROM members m JOIN communities c ON c.id = m.community_id AND c.deleted_at = 0
		WHERE m.account_id <> '' AND m.state = 'active' AND `+q.Dialect().In("m.account_id", "$1")+" ORDER BY m.account_id, c.id", sqldb.Keys(accountIDs)))
}
