package member

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	memberTables  = "members m JOIN accounts a ON a.id = m.user_id"
	memberColumns = `a.id, a.number, a.email, a.username, m.display_name, m.first_name, m.last_name, m.phone, m.country, m.language,
		m.state, m.owner, m.roles, m.tags, m.fields, m.joined_at, m.updated_at,
		m.state_at, m.external_id, m.referral, m.avatar, a.signed_in_at`
)

func scanMember(s sqldb.Scanner) (Member, error) {
	var m Member
	var roles, tags, fields string
	err := s.Scan(&m.ID, &m.Number, &m.Email, &m.Username, &m.DisplayName, &m.FirstName, &m.LastName, &m.Phone, &m.Country, &m.Language,
		&m.State, &m.Owner, &roles, &tags, &fields, &m.JoinedAt, &m.UpdatedAt,
		&m.StateAt, &m.ExternalID, &m.Referral, &m.Avatar, &m.SignedInAt)
	if err != nil {
		return m, err
	}
	if m.RoleIDs, err = decodeIDs(roles); err != nil {
		return m, err
	}
	if m.TagIDs, err = decodeIDs(tags); err != nil {
		return m, err
	}
	m.Fields, err = decodeFields(fields)
	return m, err
}

// memberBy returns the member in one of some states whose account has a value
// in a column.
func memberBy(ctx context.Context, q sqldb.Querier, communityID, column string, value any, states []string) (Member, error) {
	return sqldb.One(ctx, q, "user", scanMember,
		"SELECT "+memberColumns+" FROM "+memberTables+" WHERE m.community_id = $1 AND a."+column+" = $2 AND "+q.Dialect().In("m.state", "$3"),
		communityID, value, sqldb.Keys(states))
}

func communitiesOf(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT c.id FROM communities c
		JOIN members m ON m.community_id = c.id AND m.user_id = $1 AND m.state = 'active' WHERE c.deleted_at = 0 ORDER BY c.id`, accountID)
}

func setOwner(ctx context.Context, tx *sqldb.Tx, communityID, accountID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET owner = TRUE, updated_at = $1 WHERE community_id = $2 AND user_id = $3", now, communityID, accountID)
	return err
}

// countWithValue counts members, in whatever state, who have a value in a
// custom field.
func countWithValue(ctx context.Context, q sqldb.Querier, communityID, field string) (int64, error) {
	d := q.Dialect()
	return sqldb.One(ctx, q, "field", sqldb.Value[int64],
		"SELECT count(*) FROM members WHERE community_id = $1 AND "+d.JSONText("fields", "$2")+" IS NOT NULL", communityID, d.JSONKey(field))
}

func standing(ctx context.Context, q sqldb.Querier, communityID, accountID string) (auth.Standing, error) {
	var s auth.Standing
	var roles string
	err := q.QueryRow(ctx, `SELECT m.state, m.owner, m.roles, m.suspended_until FROM members m
		JOIN communities c ON c.id = m.community_id AND c.deleted_at = 0 WHERE m.community_id = $1 AND m.user_id = $2`, communityID, accountID).
		Scan(&s.State, &s.Owner, &roles, &s.SuspendedUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Member = s.State == Active
	s.RoleIDs, err = decodeIDs(roles)
	return s, err
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }
