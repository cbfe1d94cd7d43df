package member

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// FromOwners returns the tables of FROM for the owners among the members m of
// communities, without a scan of their members. The query needs the condition m.owner.
func FromOwners(d sqldb.Dialect) string { return FromMembers + d.IndexedBy("members_owner") }

// FromMembers is the FROM clause of SelectMembers.
const FromMembers = "members m"

// memberColumns are the columns of a Record and of what a Member adds.
var memberColumns = func() (columns []string) {
	for _, name := range append(slices.Clone(recordColumns), "state_changed_at", "external_id", "referral", "avatar_id", "suspended_until") {
		columns = append(columns, "m."+name)
	}
	return columns
}()

func (m *Member) read(texts []string) (err error) {
	own := texts[len(recordColumns):]
	m.ExternalID, m.Referral, m.AvatarID = own[1], own[2], own[3]
	var wrong error
	m.StateChangedAt, err = strconv.ParseInt(own[0], 10, 64)
	m.SuspendedUntil, wrong = strconv.ParseInt(own[4], 10, 64)
	return errors.Join(err, wrong, m.Record.read(texts))
}

// SelectMembers returns the members of a FROM clause; the table is m.
func SelectMembers(ctx context.Context, q sqldb.Querier, from string, args ...any) ([]Member, error) {
	list := []Member{}
	err := sqldb.ScanStrings(ctx, q, memberColumns, "FROM "+from, args, func(texts []string) error {
		list = append(list, Member{})
		return list[len(list)-1].read(texts)
	})
	return list, err
}

// LoadBy returns the member in one of the states with a value in a column.
func LoadBy(ctx context.Context, q sqldb.Querier, communityID, column string, value any, states []string) (Member, error) {
	// The states are constants in the query: with arguments SQLite would plan it
	// again for each value because of a partial index.
	found, err := SelectMembers(ctx, q, FromMembers+" WHERE m.community_id = $1 AND m."+column+" = $2 AND m.state IN ('"+strings.Join(states, "', '")+"')", communityID, value)
	if err == nil && len(found) == 0 {
		err = ErrUserNotFound()
	}
	if err != nil {
		return Member{}, err
	}
	return found[0], nil
}

func communitiesOf(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT c.id FROM communities c
		JOIN members m ON m.community_id = c.id AND m.account_id = $1 AND m.account_id <> '' AND m.state = 'active' WHERE c.deleted_at = 0 ORDER BY c.id`, accountID)
}

// SetOwner sets whether a member is an owner.
func SetOwner(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, owner bool, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET owner = $1, "+updatedAt(2)+" WHERE community_id = $3 AND user_id = $4", owner, now, communityID, memberID)
	return err
}

// CountMembers returns the number of active members, from the maintained
// totals.
func CountMembers(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "community", sqldb.Value[int64],
		"SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM member_counts WHERE community_id = $1", communityID)
}

// CountWithValue counts the members, in any state, with a value in a custom
// field.
func CountWithValue(ctx context.Context, q sqldb.Querier, communityID, field string) (int64, error) {
	d := q.Dialect()
	return sqldb.One(ctx, q, "field", sqldb.Value[int64],
		"SELECT count(*) FROM members WHERE community_id = $1 AND "+d.JSONText("fields", "$2")+" IS NOT NULL", communityID, d.JSONKey(field))
}

// HasValueSince reports whether a member, in any state, that was changed since a time
// has a value in a custom field. since is in Unix milliseconds.
func HasValueSince(ctx context.Context, q sqldb.Querier, communityID, field string, since int64) (bool, error) {
	d := q.Dialect()
	return sqldb.One(ctx, q, "field", sqldb.Value[bool],
		"SELECT EXISTS (SELECT 1 FROM members WHERE community_id = $1 AND updated_at >= $2 AND "+d.JSONText("fields", "$3")+" IS NOT NULL)", communityID, since, d.JSONKey(field))
}

// Conditions on members by an id, which is $2.
const (
	byAccount = "m.account_id = $2 AND m.account_id <> ''"
	byMember  = "m.user_id = $2"
)

const selectMembership = `SELECT m.user_id, m.account_id, m.username, m.state, m.owner, m.roles, m.joined_at, m.suspended_until FROM members m
		JOIN communities c ON c.id = m.community_id AND c.deleted_at = 0 WHERE m.community_id = $1 AND `

func scanMembership(row sqldb.Scanner) (s access.Membership, err error) {
	var roles string
	if err = row.Scan(&s.MemberID, &s.AccountID, &s.Username, &s.State, &s.Owner, &roles, &s.JoinedAt, &s.SuspendedUntil); err != nil {
		return s, err
	}
	s.Member = s.State == Active
	s.RoleIDs, err = field.DecodeIDs(roles)
	return s, err
}

func loadMembership(ctx context.Context, q sqldb.Querier, communityID, by, ref string) (access.Membership, error) {
	s, err := scanMembership(q.QueryRow(ctx, selectMembership+by, communityID, ref))
	if errors.Is(err, sql.ErrNoRows) {
		return access.Membership{}, nil
	}
	return s, err
}

// ByMembers returns the memberships of the existing ones among members.
func (Memberships) ByMembers(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) ([]access.Membership, error) {
	return sqldb.All(ctx, q, scanMembership, selectMembership+q.Dialect().In("m.user_id", "$2"), communityID, sqldb.Keys(memberIDs))
}

// LockOwners returns the sorted ids of active owners and locks them.
func LockOwners(ctx context.Context, tx *sqldb.Tx, communityID string) ([]string, error) {
	return sqldb.All(ctx, tx, sqldb.Value[string],
		"SELECT m.user_id FROM "+FromOwners(tx.Dialect())+" WHERE m.community_id = $1 AND m.owner AND m.state = 'active' ORDER BY m.user_id "+tx.Dialect().Lock(), communityID)
}

// Disown ends the ownership of a member.
func Disown(ctx context.Context, tx *sqldb.Tx, communityID, memberID string) error {
	_, err := tx.Exec(ctx, "UPDATE members SET owner = FALSE WHERE community_id = $1 AND user_id = $2 AND owner", communityID, memberID)
	return err
}

// SetJoined sets the time of joining.
func SetJoined(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET joined_at = $1 WHERE community_id = $2 AND user_id = $3", now, communityID, memberID)
	return err
}

// LoadMany returns the existing members with these ids, in any state, by id.
func LoadMany(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]Member, error) {
	found, err := SelectMembers(ctx, q, FromMembers+" WHERE m.community_id = $1 AND "+q.Dialect().In("m.user_id", "$2"), communityID, sqldb.Keys(ids))
	byID := make(map[string]Member, len(found))
	for _, one := range found {
		byID[one.ID] = one
	}
	return byID, err
}
