package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, community_id, address, name, language, template, subject, body_text, body_html, state, error, created_at, expires_at, ended_at, sender"

func scan(s sqldb.Scanner) (Kept, error) {
	var k Kept
	err := s.Scan(&k.ID, &k.CommunityID, &k.To, &k.ToName, &k.Language, &k.Template, &k.Subject, &k.Text, &k.HTML, &k.State, &k.Error, &k.CreatedAt, &k.ExpiresAt, &k.EndedAt, &k.Sender)
	return k, err
}

func insert(ctx context.Context, tx *sqldb.Tx, k Kept) error {
	_, err := tx.Exec(ctx, "INSERT INTO mail_outbox ("+columns+") VALUES ("+sqldb.Placeholders(1, 15)+")",
		k.ID, k.CommunityID, k.To, k.ToName, k.Language, string(k.Template), k.Subject, k.Text, k.HTML, k.State, k.Error, k.CreatedAt, k.ExpiresAt, k.EndedAt, k.Sender)
	return err
}

func load(ctx context.Context, q sqldb.Querier, messageID string) (Kept, error) {
	return sqldb.One(ctx, q, "mail", scan, "SELECT "+columns+" FROM mail_outbox WHERE id = $1", messageID)
}

func unsent(ctx context.Context, q sqldb.Querier, cursor string, limit int) ([]Kept, error) {
	return sqldb.All(ctx, q, scan, "SELECT "+columns+" FROM mail_outbox WHERE state NOT IN ('sent', 'held_back') AND ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2", cursor, limit)
}

// ending is how a message stands after an attempt to send it.
type ending struct {
	state, why string
	at         int64
}

// setState ends an attempt for a message in the state from. In another state
// the message stays as it is: the owner of the installation has stopped it.
func setState(ctx context.Context, tx *sqldb.Tx, messageID, from string, e ending) error {
	_, err := tx.Exec(ctx, "UPDATE mail_outbox SET state = $2, error = $3, ended_at = $4 WHERE id = $1 AND state = $5", messageID, e.state, e.why, e.at, from)
	return err
}

// emptySecret empties a message that holds a password, or a link that stands
// for one.
func emptySecret(ctx context.Context, tx *sqldb.Tx, messageID string) error {
	secret := sqldb.Keys([]string{string(Welcome), string(Invited), string(VerifyEmail), string(ResetPassword)})
	_, err := tx.Exec(ctx, "UPDATE mail_outbox SET body_text = '', body_html = '' WHERE id = $1 AND "+tx.Dialect().In("template", "$2"), messageID, secret)
	return err
}

func emptyBodies(ctx context.Context, tx *sqldb.Tx, endedBefore, expiredBefore int64) error {
	_, err := tx.Exec(ctx, `UPDATE mail_outbox SET body_text = '', body_html = ''
		WHERE ended_at <> 0 AND body_text <> '' AND (ended_at < $1 OR expires_at <> 0 AND expires_at < $2)`, endedBefore, expiredBefore)
	return err
}

func remove(ctx context.Context, tx *sqldb.Tx, endedBefore int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM mail_outbox WHERE ended_at <> 0 AND (ended_at < $1 OR state = 'held_back')", endedBefore)
	return err
}

func removeFrom(ctx context.Context, tx *sqldb.Tx, communityID string, addresses []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM mail_outbox WHERE community_id = $1 AND "+tx.Dialect().In("address", "$2"), communityID, sqldb.Keys(addresses))
	return err
}
