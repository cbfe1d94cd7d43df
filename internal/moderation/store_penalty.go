package moderation

import (
	"context"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const penaltyColumns = `p.id, p.user_id, p.kind, p.reason, p.suspended_until, p.actor, p.actor_name, p.created_at, p.lifted_at, p.lifted_by, p.lifted_by_name,
		COALESCE(m.number, 0), COALESCE(m.username, '')`

func scanPenalty(s sqldb.Scanner) (Penalty, error) {
	var p Penalty
	err := s.Scan(&p.ID, &p.UserID, &p.Kind, &p.Reason, &p.Until, &p.Actor, &p.ActorName, &p.CreatedAt, &p.LiftedAt, &p.LiftedBy, &p.LifterName,
		&p.Member.Number, &p.Member.Username)
	p.Member.ID = p.UserID
	return p, err
}

func insertPenalty(ctx context.Context, tx *sqldb.Tx, communityID string, p Penalty) error {
	_, err := tx.Exec(ctx, `INSERT INTO penalties (community_id, id, user_id, kind, reason, suspended_until, actor, actor_name, created_at, lifted_at, lifted_by, lifted_by_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', '')`, communityID, p.ID, p.UserID, p.Kind, p.Reason, p.Until, p.Actor, p.ActorName, p.CreatedAt)
	return err
}

func loadPenalty(ctx context.Context, q sqldb.Querier, communityID, penaltyID string) (Penalty, error) {
	return sqldb.One(ctx, q, "penalty", scanPenalty, "SELECT "+penaltyColumns+` FROM penalties p
		LEFT JOIN members m ON m.community_id = p.community_id AND m.user_id = p.user_id WHERE p.community_id = $1 AND p.id = $2`, communityID, penaltyID)
}

func selectPenalties(ctx context.Context, q sqldb.Querier, communityID string, f PenaltyFilter) ([]Penalty, error) {
	where, args := []string{"p.community_id = $1"}, []any{communityID}
	only := func(condition, arg string) {
		if arg != "" {
			args = append(args, arg)
			where = append(where, fmt.Sprintf("%s $%d", condition, len(args)))
		}
	}
	only("p.user_id =", f.User)
	only("p.kind =", f.Kind)
	if id.Valid(f.Cursor) {
		only("p.id <", f.Cursor)
	}
	return sqldb.All(ctx, q, scanPenalty, fmt.Sprintf("SELECT %s FROM penalties p LEFT JOIN members m ON m.community_id = p.community_id AND m.user_id = p.user_id WHERE %s ORDER BY p.id DESC LIMIT %d",
		penaltyColumns, strings.Join(where, " AND "), f.Limit+1), args...)
}

func setLifted(ctx context.Context, tx *sqldb.Tx, communityID string, p Penalty) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE penalties SET lifted_at = $1, lifted_by = $2, lifted_by_name = $3
		WHERE community_id = $4 AND id = $5 AND lifted_at = 0`, p.LiftedAt, p.LiftedBy, p.LifterName, communityID, p.ID)
	return n > 0, err
}

// suspendedUntil returns the end of the last suspension that was not lifted, in
// Unix milliseconds; 0: there is none.
func suspendedUntil(ctx context.Context, q sqldb.Querier, communityID, userID string) (int64, error) {
	return sqldb.One(ctx, q, "penalty", sqldb.Value[int64], `SELECT COALESCE(MAX(suspended_until), 0) FROM penalties
		WHERE community_id = $1 AND user_id = $2 AND kind = 'suspend' AND lifted_at = 0`, communityID, userID)
}

func penaltiesOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM penalties WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

func deletePenaltiesOf(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM penalties WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	return err
}

// erasePenaltyNames erases the names of actors from the penalties they imposed
// or lifted.
func erasePenaltyNames(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	in := tx.Dialect().In
	if _, err := tx.Exec(ctx, "UPDATE penalties SET actor_name = '' WHERE community_id = $1 AND "+in("actor", "$2"), communityID, sqldb.Keys(refs)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE penalties SET lifted_by_name = '' WHERE community_id = $1 AND "+in("lifted_by", "$2"), communityID, sqldb.Keys(refs))
	return err
}
