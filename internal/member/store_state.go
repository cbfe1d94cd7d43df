package member

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

type membership struct {
	userID, state, before string
	since                 int64 // Unix milliseconds; 0: since the member was made
}

// lockStates reads the states of those of the users who are members in
// whatever state, sorted by id: two that lock many never wait for each other.
func lockStates(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]membership, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (membership, error) {
		var m membership
		return m, s.Scan(&m.userID, &m.state, &m.before, &m.since)
	}, "SELECT user_id, state, state_before, state_at FROM members WHERE community_id = $1 AND "+d.In("user_id", "$2")+" ORDER BY user_id "+d.Lock(), communityID, sqldb.Keys(userIDs))
}

// updatedAt sets updated_at to the placeholder's time, and never to an earlier
// one than it has: the order of histories rests on it, see Record.Stamp.
func updatedAt(placeholder int) string {
	return fmt.Sprintf("updated_at = CASE WHEN updated_at < $%[1]d THEN $%[1]d ELSE updated_at END", placeholder)
}

func setStates(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, to string, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE members SET state_before = state, state = $2, state_at = $3, `+updatedAt(3)+`
		WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$4"), communityID, to, now, sqldb.Keys(userIDs))
	return err
}

// setStatesBack gives memberships the state they had before the one they have.
func setStatesBack(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE members SET state = state_before, state_before = state, state_at = $2, `+updatedAt(2)+`
		WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$3"), communityID, now, sqldb.Keys(userIDs))
	return err
}

// setOrigin writes down where a new member comes from, if anything is known.
func setOrigin(ctx context.Context, tx *sqldb.Tx, communityID, userID, external, referral string) error {
	if external == "" && referral == "" {
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE members SET external_id = $3, referral = $4 WHERE community_id = $1 AND user_id = $2", communityID, userID, external, referral)
	return err
}

// erasable are some of the members who were deleted before oldest, by
// community.
func erasable(ctx context.Context, q sqldb.Querier, oldest int64) (map[string][]string, error) {
	due := map[string][]string{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID, userID string
		err := s.Scan(&communityID, &userID)
		due[communityID] = append(due[communityID], userID)
		return struct{}{}, err
	}, fmt.Sprintf("SELECT community_id, user_id FROM members WHERE state = 'deleted' AND state_at <= $1 ORDER BY state_at LIMIT %d", erasedAtOnce), oldest)
	return due, err
}

func emailsOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT email FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// refsOf returns the references by which members signed what they did.
func refsOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
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

// accountsOf returns the accounts of those of the members who are claimed.
func accountsOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT account_id FROM members WHERE community_id = $1 AND account_id <> '' AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// personal are the tables that hold rows of one member in one community.
var personal = []string{"field_history", "member_identifiers", "penalties", "invite_uses", "saved_views", "member_visits", "member_links", "members"}

func penaltiesOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM penalties WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// signed are the columns that say by name who did something, each with the one
// that says it by reference.
var signed = []struct{ table, ref, name string }{
	{"penalties", "actor", "actor_name"},
	{"penalties", "lifted_by", "lifted_by_name"},
	{"invites", "created_by", "created_by_name"},
	{"bulk_jobs", "actor", "actor_name"},
}

// eraseSigned takes the names of people away from what they did.
func eraseSigned(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	for _, s := range signed {
		query := fmt.Sprintf("UPDATE %s SET %s = '' WHERE community_id = $1 AND %s", s.table, s.name, tx.Dialect().In(s.ref, "$2"))
		if _, err := tx.Exec(ctx, query, communityID, sqldb.Keys(refs)); err != nil {
			return err
		}
	}
	return nil
}

func eraseRows(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	if err := unindex(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	for _, table := range personal {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs)); err != nil {
			return err
		}
	}
	return nil
}

// swapAvatar gives a member another picture and returns the one before.
func swapAvatar(ctx context.Context, tx *sqldb.Tx, communityID, userID, pictureID string, now int64) (old string, err error) {
	old, err = sqldb.One(ctx, tx, "user", sqldb.Value[string], "SELECT avatar FROM members WHERE community_id = $1 AND user_id = $2 "+tx.Dialect().Lock(), communityID, userID)
	if err != nil || old == pictureID {
		return old, err
	}
	_, err = tx.Exec(ctx, "UPDATE members SET avatar = $3, "+updatedAt(4)+" WHERE community_id = $1 AND user_id = $2", communityID, userID, pictureID, now)
	return old, err
}
