package member

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

const memberTables = "members m"

var memberColumns = []string{
	"m.user_id", "m.number", "m.email", "m.username", "m.display_name", "m.first_name", "m.last_name", "m.phone", "m.country", "m.language",
	"m.state", "m.owner", "m.roles", "m.tags", "m.fields", "m.joined_at", "m.updated_at",
	"m.state_at", "m.external_id", "m.referral", "m.avatar", "m.account_id",
}

func (m *Member) read(texts []string) (err error) {
	m.ID, m.Email, m.Username, m.DisplayName, m.FirstName, m.LastName = texts[0], texts[2], texts[3], texts[4], texts[5], texts[6]
	m.Phone, m.Country, m.Language, m.State, m.Owner = texts[7], texts[8], texts[9], texts[10], sqldb.ParseBool(texts[11])
	m.ExternalID, m.Referral, m.Avatar = texts[18], texts[19], texts[20]
	m.AccountID = texts[21]
	for _, n := range [...]struct {
		into *int64
		text string
	}{{&m.Number, texts[1]}, {&m.JoinedAt, texts[15]}, {&m.UpdatedAt, texts[16]}, {&m.StateAt, texts[17]}} {
		if *n.into, err = strconv.ParseInt(n.text, 10, 64); err != nil {
			return err
		}
	}
	if m.RoleIDs, err = field.DecodeIDs(texts[12]); err != nil {
		return err
	}
	if m.TagIDs, err = field.DecodeIDs(texts[13]); err != nil {
		return err
	}
	m.Fields, err = field.DecodeFields(texts[14])
	return err
}

// selectMembers returns the members that stand behind FROM, of table m.
func selectMembers(ctx context.Context, q sqldb.Querier, from string, args ...any) ([]Member, error) {
	list := []Member{}
	err := sqldb.ScanStrings(ctx, q, memberColumns, "FROM "+from, args, func(texts []string) error {
		list = append(list, Member{})
		return list[len(list)-1].read(texts)
	})
	return list, err
}

// memberBy returns the member in one of some states who has a value in a column.
func memberBy(ctx context.Context, q sqldb.Querier, communityID, column string, value any, states []string) (Member, error) {
	// The states are this program's words and stand in the query: SQLite would
	// plan it again for each value, for it has an index of one of them.
	found, err := selectMembers(ctx, q, memberTables+" WHERE m.community_id = $1 AND m."+column+" = $2 AND m.state IN ('"+strings.Join(states, "', '")+"')", communityID, value)
	if err == nil && len(found) == 0 {
		err = errUserNotFound()
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

// setOwner makes a member an owner, or no longer one.
func setOwner(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, owner bool, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET owner = $1, "+updatedAt(2)+" WHERE community_id = $3 AND user_id = $4", owner, now, communityID, memberID)
	return err
}

// countMembers counts the active ones, by the totals that every change of them keeps.
func countMembers(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "community", sqldb.Value[int64],
		"SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM member_totals WHERE community_id = $1", communityID)
}

// countWithValue counts members, in whatever state, who have a value in a
// custom field.
func countWithValue(ctx context.Context, q sqldb.Querier, communityID, field string) (int64, error) {
	d := q.Dialect()
	return sqldb.One(ctx, q, "field", sqldb.Value[int64],
		"SELECT count(*) FROM members WHERE community_id = $1 AND "+d.JSONText("fields", "$2")+" IS NOT NULL", communityID, d.JSONKey(field))
}

// The ways to name whose standing is asked for; $2 takes the id.
const (
	byAccount = "m.account_id = $2 AND m.account_id <> ''"
	byMember  = "m.user_id = $2"
)

func standing(ctx context.Context, q sqldb.Querier, communityID, by, ref string) (access.Membership, error) {
	var s access.Membership
	var roles string
	err := q.QueryRow(ctx, `SELECT m.user_id, m.account_id, m.username, m.state, m.owner, m.roles, m.suspended_until FROM members m
		JOIN communities c ON c.id = m.community_id AND c.deleted_at = 0 WHERE m.community_id = $1 AND `+by, communityID, ref).
		Scan(&s.MemberID, &s.AccountID, &s.Username, &s.State, &s.Owner, &roles, &s.SuspendedUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Member = s.State == Active
	s.RoleIDs, err = field.DecodeIDs(roles)
	return s, err
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }
