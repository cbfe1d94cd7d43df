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

// tagged returns the ids of the members who have a tag.
func tagged(ctx context.Context, q sqldb.Querier, communityID, tagID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT user_id FROM members WHERE community_id = $1 AND "+q.Dialect().JSONHasID("tags", "$2"), communityID, tagID)
}

// untag takes a tag off members and writes their histories.
func untag(ctx context.Context, tx *sqldb.Tx, communityID, tagID string, ids []string, now int64) error {
	const step = 5_000
	tags := defaultField(TagName)
	for len(ids) > 0 {
		n := min(step, len(ids))
		found, err := Lookup(ctx, tx, communityID, KeySet{IDs: ids[:n]}, true)
		if err != nil {
			return err
		}
		var changes []Change
		for _, r := range found {
			kept := make([]string, 0, len(r.TagIDs))
			for _, t := range r.TagIDs {
				if t != tagID {
					kept = append(kept, t)
				}
			}
			if len(kept) < len(r.TagIDs) {
				changes = append(changes, Change{UserID: r.AccountID, Field: tags, Old: idList(r.TagIDs), New: idList(kept)})
			}
			r.TagIDs, r.UpdatedAt = kept, now
		}
		if err := Update(ctx, tx, communityID, found); err != nil {
			return err
		}
		if err := RecordChanges(ctx, tx, communityID, changes, Source{"tag", tagID}, auth.ActorOf(ctx).Ref(), now); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }
