package message

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

// mentioning returns the messages that mention one of some members.
func mentioning(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) ([]Message, error) {
	return sqldb.All(ctx, tx, scanMessage, "SELECT "+messageColumns+` FROM messages m WHERE m.community_id = $1 AND m.id IN
		(SELECT message_id FROM message_mentions n WHERE n.community_id = $1 AND `+tx.Dialect().In("n.target", "$2")+")", communityID, sqldb.Keys(memberIDs))
}

// setText stores the text of a message and what it names.
func setText(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	mentions, err := json.Marshal(orEmpty(m.Mentions))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE messages SET text = $4, mentions = $5, has_link = $6, edited_at = $7 WHERE community_id = $1 AND channel_id = $2 AND id = $3",
		communityID, m.ChannelID, m.ID, m.Text, string(mentions), m.HasLink, m.EditedAt)
	return err
}

// eraseAuthors removes members from everything but texts.
func eraseAuthors(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d, keys := tx.Dialect(), sqldb.Keys(memberIDs)
	for _, statement := range []string{
		"DELETE FROM message_history WHERE community_id = $1 AND message_id IN (SELECT id FROM messages WHERE community_id = $1 AND " + d.In("author_id", "$2") + ")",
		"DELETE FROM message_attachments WHERE community_id = $1 AND image_id IN (SELECT id FROM message_images WHERE community_id = $1 AND " + d.In("owner_id", "$2") + ")",
		"UPDATE message_images SET uses = 0, created_at = 0, owner_id = '' WHERE community_id = $1 AND " + d.In("owner_id", "$2"), // the sweep deletes them
		"UPDATE messages SET author_id = '' WHERE community_id = $1 AND " + d.In("author_id", "$2"),
		"UPDATE message_reactions SET user_id = " + d.RandomID() + " WHERE community_id = $1 AND " + d.In("user_id", "$2"),
		"DELETE FROM message_mentions WHERE community_id = $1 AND " + d.In("target", "$2"),
		"DELETE FROM message_nonces WHERE community_id = $1 AND " + d.In("author_id", "$2"),
		"DELETE FROM slow_mode_posts WHERE community_id = $1 AND " + d.In("user_id", "$2"),
		"DELETE FROM message_totals WHERE community_id = $1 AND " + d.In("user_id", "$2"),
	} {
		if _, err := tx.Exec(ctx, statement, communityID, keys); err != nil {
			return err
		}
	}
	return nil
}
