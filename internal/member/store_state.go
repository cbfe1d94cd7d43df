package member

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// LockedState is the state of a locked member, with the one before its deletion.
type LockedState struct {
	UserID, State, Before string
	Since                 int64 // Unix milliseconds; 0: since creation
}

// LockStates locks members in any state and returns their states, in the order
// of their ids.
func LockStates(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]LockedState, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (LockedState, error) {
		var m LockedState
		return m, s.Scan(&m.UserID, &m.State, &m.Before, &m.Since)
	}, "SELECT user_id, state, previous_state, state_changed_at FROM members WHERE community_id = $1 AND "+d.In("user_id", "$2")+" ORDER BY user_id "+d.Lock(), communityID, sqldb.Keys(userIDs))
}

// updatedAt sets updated_at to a time, but never to an earlier one: the order
// of histories relies on it, see Record.Stamp.
func updatedAt(placeholder int) string {
	return fmt.Sprintf("updated_at = CASE WHEN updated_at < $%[1]d THEN $%[1]d ELSE updated_at END", placeholder)
}

func setStates(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, to string, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE members SET previous_state = state, state = $2, state_changed_at = $3, `+updatedAt(3)+`
		WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$4"), communityID, to, now, sqldb.Keys(userIDs))
	return err
}

// setStatesBack restores the previous states.
func setStatesBack(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE members SET state = previous_state, previous_state = state, state_changed_at = $2, `+updatedAt(2)+`
		WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$3"), communityID, now, sqldb.Keys(userIDs))
	return err
}

// SetOrigin sets external id and referral of a new member.
func SetOrigin(ctx context.Context, tx *sqldb.Tx, communityID, userID, external, referral string) error {
	if external == "" && referral == "" {
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE members SET external_id = $3, referral = $4 WHERE community_id = $1 AND user_id = $2", communityID, userID, external, referral)
	return err
}

// Erasable returns up to limit members that were deleted before oldest, by
// community.
func Erasable(ctx context.Context, q sqldb.Querier, oldest int64, limit int) (map[string][]string, error) {
	due := map[string][]string{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID, userID string
		err := s.Scan(&communityID, &userID)
		due[communityID] = append(due[communityID], userID)
		return struct{}{}, err
	}, fmt.Sprintf("SELECT community_id, user_id FROM members WHERE state = 'deleted' AND state_changed_at <= $1 ORDER BY state_changed_at LIMIT %d", limit), oldest)
	return due, err
}

// EmailsOf returns the email addresses of members.
func EmailsOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT email FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// ActorRefs returns the references of members as actors, see actor.Actor.Ref.
func ActorRefs(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	accounts, err := accountsOf(ctx, q, communityID, userIDs)
	refs := make([]string, 0, 2*len(userIDs))
	for _, accountID := range accounts {
		refs = append(refs, actor.Actor{Kind: actor.Session, AccountID: accountID}.Ref())
	}
	for _, userID := range userIDs {
		refs = append(refs, actor.Actor{Kind: actor.Session, MemberID: userID}.Ref())
	}
	return refs, err
}

// accountsOf returns the accounts of claimed members.
func accountsOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT account_id FROM members WHERE community_id = $1 AND account_id <> '' AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// memberTables are the tables with rows of one member in one community.
var memberTables = []string{"field_history", "member_identifiers", "member_links", "members"}

// EraseRows deletes members with all their rows, in the caller's transaction.
func EraseRows(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	if err := unindex(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	for _, table := range memberTables {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs)); err != nil {
			return err
		}
	}
	return nil
}

// SetAvatar replaces the picture of a member and returns the previous one.
func SetAvatar(ctx context.Context, tx *sqldb.Tx, communityID, userID, pictureID string, now int64) (old string, err error) {
	old, err = sqldb.One(ctx, tx, "user", sqldb.Value[string], "SELECT avatar_id FROM members WHERE community_id = $1 AND user_id = $2 "+tx.Dialect().Lock(), communityID, userID)
	if err != nil || old == pictureID {
		return old, err
	}
	_, err = tx.Exec(ctx, "UPDATE members SET avatar_id = $3, "+updatedAt(4)+" WHERE community_id = $1 AND user_id = $2", communityID, userID, pictureID, now)
	return old, err
}

// SetSuspended suspends a member until a time in Unix milliseconds; 0 ends the
// suspension.
func SetSuspended(ctx context.Context, tx *sqldb.Tx, communityID, userID string, until int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET suspended_until = $3 WHERE community_id = $1 AND user_id = $2", communityID, userID, until)
	return err
}

// ForgetBan makes a deleted member return as a former one instead of a banned
// one.
func ForgetBan(ctx context.Context, tx *sqldb.Tx, communityID, userID string) error {
	_, err := tx.Exec(ctx, `UPDATE members SET previous_state = 'left'
		WHERE community_id = $1 AND user_id = $2 AND state = 'deleted' AND previous_state = 'banned'`, communityID, userID)
	return err
}

// DeleteSomeMembers deletes up to limit members in any state and returns how
// many.
func DeleteSomeMembers(ctx context.Context, tx *sqldb.Tx, communityID string, limit int) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM members WHERE community_id = $1 AND user_id IN (
			SELECT user_id FROM members WHERE community_id = $1 ORDER BY user_id LIMIT $2)`, communityID, int64(limit))
}
