package application

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, badge_id, user_id, text, attachments, status, reason, decided_by, decided_by_name, decided_at, created_at"

func scan(s sqldb.Scanner) (a Application, err error) {
	var attachments string
	if err := s.Scan(&a.ID, &a.BadgeID, &a.UserID, &a.Text, &attachments, &a.Status, &a.Reason, &a.DecidedBy, &a.DecidedByName, &a.DecidedAt, &a.CreatedAt); err != nil {
		return a, err
	}
	a.Attachments, err = field.DecodeIDs(attachments)
	return a, err
}

// insert inserts a pending application; added is false if the member has another one for
// the badge.
func insert(ctx context.Context, tx *sqldb.Tx, communityID string, a Application) (added bool, err error) {
	n, err := tx.Exec(ctx, "INSERT INTO badge_applications (community_id, "+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', '', 0, $8)
		ON CONFLICT (community_id, badge_id, user_id) WHERE status = 'pending' DO NOTHING`,
		communityID, a.ID, a.BadgeID, a.UserID, a.Text, field.EncodeIDs(a.Attachments), a.Status, a.CreatedAt)
	return n == 1, err
}

func lock(ctx context.Context, tx *sqldb.Tx, communityID, applicationID string) (Application, error) {
	return sqldb.One(ctx, tx, "badge_application", scan, "SELECT "+columns+" FROM badge_applications WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), communityID, applicationID)
}

// selectPage returns applications after an id, one more than the limit if there is one.
// memberID "": of all members.
func selectPage(ctx context.Context, q sqldb.Querier, communityID string, f Filter, memberID, after string) ([]Application, error) {
	where, args := "community_id = $1 AND id > $2", []any{communityID, after, f.Limit + 1}
	for _, one := range []struct{ column, value string }{{"status", f.Status}, {"badge_id", f.BadgeID}, {"user_id", memberID}} {
		if one.value != "" {
			args = append(args, one.value)
			where += " AND " + one.column + " = " + fmt.Sprintf("$%d", len(args))
		}
	}
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM badge_applications WHERE "+where+" ORDER BY id LIMIT $3", args...)
}

func setDecided(ctx context.Context, tx *sqldb.Tx, communityID string, a Application) error {
	_, err := tx.Exec(ctx, "UPDATE badge_applications SET status = $3, reason = $4, decided_by = $5, decided_by_name = $6, decided_at = $7 WHERE community_id = $1 AND id = $2",
		communityID, a.ID, a.Status, a.Reason, a.DecidedBy, a.DecidedByName, a.DecidedAt)
	return err
}

func idsOfMembers(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM badge_applications WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
}

// eraseMembers deletes the applications of members, and the names of the actors refs.
func eraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, refs []string) error {
	d := tx.Dialect()
	if _, err := tx.Exec(ctx, "DELETE FROM badge_applications WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, sqldb.Keys(memberIDs)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE badge_applications SET decided_by_name = '' WHERE community_id = $1 AND "+d.In("decided_by", "$2"), communityID, sqldb.Keys(refs))
	return err
}
