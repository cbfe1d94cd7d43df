package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, community_id, address, name, language, template, subject, body_text, body_html, state, error, created_at, expires_at, ended_at, sender"

func scan(s sqldb.Scanner) (OutboxMessage, error) {
	var k OutboxMessage
	err := s.Scan(&k.ID, &k.CommunityID, &k.To, &k.ToName, &k.Language, &k.Template, &k.Subject, &k.Text, &k.HTML, &k.State, &k.Error, &k.CreatedAt, &k.ExpiresAt, &k.EndedAt, &k.Sender)
	return k, err
}

func insert(ctx context.Context, tx *sqldb.Tx, k OutboxMessage) error {
	_, err := tx.Exec(ctx, "INSERT INTO mail_outbox ("+columns+") VALUES ("+sqldb.Placeholders(1, 15)+")",
		k.ID, k.CommunityID, k.To, k.ToName, k.Language, string(k.Template), k.Subject, k.Text, k.HTML, k.State, k.Error, k.CreatedAt, k.ExpiresAt, k.EndedAt, k.Sender)
	return err
}

func load(ctx context.Context, q sqldb.Querier, messageID string) (OutboxMessage, error) {
	return sqldb.One(ctx, q, "mail", scan, "SELECT "+columns+" FROM mail_outbox WHERE id = $1", messageID)
}

func unsent(ctx context.Context, q sqldb.Querier, cursor string, limit int) ([]OutboxMessage, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM mail_outbox WHERE state NOT IN ('sent', 'held_back') AND ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2", cursor, limit)
}

// outcome is the state after an attempt.
type outcome struct {
	state, err string
	at         int64
}

// setState changes the state of a message that is in the state from. It does
// nothing in any other state, for example if the message was stopped.
func setState(ctx context.Context, tx *sqldb.Tx, messageID, from string, e outcome) error {
	_, err := tx.Exec(ctx, "UPDATE mail_outbox SET state = $2, error = $3, ended_at = $4 WHERE id = $1 AND state = $5", messageID, e.state, e.err, e.at, from)
	return err
}

// eraseSecretBodies erases the bodies of a message with a link that signs in
// or sets a password.
func eraseSecretBodies(ctx context.Context, tx *sqldb.Tx, messageID string) error {
	secret := sqldb.Keys([]string{string(Welcome), string(Invited), string(VerifyEmail), string(ResetPassword)})
	_, err := tx.Exec(ctx, "UPDATE mail_outbox SET body_text = '', body_html = '' WHERE id = $1 AND "+tx.Dialect().In("template", "$2"), messageID, secret)
	return err
}

func eraseBodies(ctx context.Context, tx *sqldb.Tx, endedBefore, expiredBefore int64) error {
	_, err := tx.Exec(ctx, `UPDATE mail_outbox SET body_text = '', body_html = ''
		WHERE ended_at <> 0 AND body_text <> '' AND (ended_at < $1 OR expires_at <> 0 AND expires_at < $2)`, endedBefore, expiredBefore)
	return err
}

func deleteEnded(ctx context.Context, tx *sqldb.Tx, endedBefore int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM mail_outbox WHERE ended_at <> 0 AND (ended_at < $1 OR state = 'held_back')", endedBefore)
	return err
}

func deleteSentTo(ctx context.Context, tx *sqldb.Tx, communityID string, addresses []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM mail_outbox WHERE community_id = $1 AND "+tx.Dialect().In("address", "$2"), communityID, sqldb.Keys(addresses))
	return err
}

// throttled is a throttled message.
type throttled struct{ id, communityID string }

func scanThrottled(s sqldb.Scanner) (t throttled, err error) {
	err = s.Scan(&t.id, &t.communityID)
	return t, err
}

// olderThrottled reports whether an older message of the same sender and
// community is throttled.
func olderThrottled(ctx context.Context, tx *sqldb.Tx, k OutboxMessage) (waits bool, err error) {
	err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM mail_outbox WHERE state = 'throttled' AND sender = $1 AND community_id = $2 AND id < $3)",
		k.Sender, k.CommunityID, k.ID).Scan(&waits)
	return waits, err
}

// oldestThrottled returns the n oldest throttled messages of each sender and
// community. Over limit it returns a random sample, so that a sender with many
// communities cannot starve the others.
func oldestThrottled(ctx context.Context, tx *sqldb.Tx, n, limit int) ([]throttled, error) {
	return sqldb.All(ctx, tx, scanThrottled, `SELECT id, community_id FROM (
			SELECT id, community_id, row_number() OVER (PARTITION BY sender, community_id ORDER BY id) AS place
			FROM mail_outbox WHERE state = 'throttled') AS ranked
		WHERE place <= $1 ORDER BY random() LIMIT $2`, n, limit)
}

// throttle throttles a waiting message and reports whether it was waiting.
func throttle(ctx context.Context, tx *sqldb.Tx, messageID string) (bool, error) {
	throttled, err := tx.Exec(ctx, "UPDATE mail_outbox SET state = 'throttled' WHERE id = $1 AND state = 'waiting'", messageID)
	return throttled > 0, err
}

func scanBacklog(s sqldb.Scanner) (b Backlog, err error) {
	err = s.Scan(&b.Sender, &b.CommunityID, &b.Waiting, &b.Oldest)
	return b, err
}

func backlogs(ctx context.Context, q sqldb.Querier, limit int) ([]Backlog, error) {
	return sqldb.All(ctx, q, scanBacklog, `SELECT sender, community_id, count(*), min(created_at) FROM mail_outbox WHERE state = 'throttled'
		GROUP BY sender, community_id ORDER BY count(*) DESC, sender, community_id LIMIT $1`, limit)
}

func stopBacklog(ctx context.Context, tx *sqldb.Tx, b Backlog, reason string, now int64) (int64, error) {
	return tx.Exec(ctx, `UPDATE mail_outbox SET state = 'stopped', error = $3, ended_at = $4, body_text = '', body_html = ''
		WHERE sender = $1 AND community_id = $2 AND state IN ('throttled', 'waiting') AND sender <> ''`, b.Sender, b.CommunityID, reason, now)
}

// stateCount counts the messages of a state.
type stateCount struct {
	state         string
	count, oldest int64
}

func scanState(s sqldb.Scanner) (c stateCount, err error) {
	err = s.Scan(&c.state, &c.count, &c.oldest)
	return c, err
}

func countByState(ctx context.Context, q sqldb.Querier) ([]stateCount, error) {
	return sqldb.All(ctx, q, scanState, "SELECT state, count(*), min(created_at) FROM mail_outbox WHERE state NOT IN ('sent', 'held_back') GROUP BY state")
}
