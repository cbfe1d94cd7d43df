package direct

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const conversationColumns = "c.id, c.last_message_id, c.sort_key, c.created_at"

func scanConversation(s sqldb.Scanner) (c Conversation, err error) {
	err = s.Scan(&c.ID, &c.LastMessageID, &c.sortKey, &c.CreatedAt)
	return c, err
}

func selectConversation(ctx context.Context, q sqldb.Querier, communityID, conversationID string) (Conversation, error) {
	return sqldb.One(ctx, q, "channel", scanConversation, "SELECT "+conversationColumns+" FROM conversations c WHERE c.community_id = $1 AND c.id = $2", communityID, conversationID)
}

// ensureConversation inserts a conversation unless there is one of the same
// participants, and returns the id of the stored one.
func ensureConversation(ctx context.Context, tx *sqldb.Tx, communityID string, c Conversation, participantsKey string) (string, error) {
	_, err := tx.Exec(ctx, `INSERT INTO conversations (community_id, id, participants_key, last_message_id, sort_key, created_at)
		VALUES ($1, $2, $3, '', $2, $4) ON CONFLICT (community_id, participants_key) DO NOTHING`, communityID, c.ID, participantsKey, c.CreatedAt)
	if err != nil {
		return "", err
	}
	return sqldb.One(ctx, tx, "channel", sqldb.Value[string], "SELECT id FROM conversations WHERE community_id = $1 AND participants_key = $2", communityID, participantsKey)
}

func insertMembers(ctx context.Context, tx *sqldb.Tx, communityID, conversationID string, memberIDs []string) error {
	return tx.InsertRows(ctx, sqldb.Rows{
		Table: "conversation_members", Columns: []string{"community_id", "conversation_id", "user_id"}, N: len(memberIDs),
		Fill: func(i int, row []any) { row[0], row[1], row[2] = communityID, conversationID, memberIDs[i] },
	})
}

// selectOfMember returns conversations of a member after the cursor, the one with the
// last message first.
func selectOfMember(ctx context.Context, q sqldb.Querier, communityID, memberID, cursor string, limit int) ([]Conversation, error) {
	if cursor == "" {
		cursor = id.Max
	}
	return sqldb.All(ctx, q, scanConversation, "SELECT "+conversationColumns+` FROM conversation_members m
		JOIN conversations c ON c.community_id = m.community_id AND c.id = m.conversation_id
		WHERE m.community_id = $1 AND m.user_id = $2 AND c.sort_key < $3 ORDER BY c.sort_key DESC LIMIT $4`, communityID, memberID, cursor, limit)
}

// memberRow is a row of conversation_members.
type memberRow struct{ conversationID, userID string }

func scanMember(s sqldb.Scanner) (m memberRow, err error) {
	err = s.Scan(&m.conversationID, &m.userID)
	return m, err
}

func selectMembers(ctx context.Context, q sqldb.Querier, communityID string, conversationIDs []string) ([]memberRow, error) {
	return sqldb.All(ctx, q, scanMember, "SELECT conversation_id, user_id FROM conversation_members WHERE community_id = $1 AND "+q.Dialect().In("conversation_id", "$2")+" ORDER BY user_id", communityID, sqldb.Keys(conversationIDs))
}

func updateLast(ctx context.Context, tx *sqldb.Tx, communityID, conversationID, messageID string) error {
	_, err := tx.Exec(ctx, "UPDATE conversations SET last_message_id = $3, sort_key = $3 WHERE community_id = $1 AND id = $2 AND last_message_id < $3", communityID, conversationID, messageID)
	return err
}

// EraseMembers removes members from conversations, in the caller's transaction. It
// deletes conversations without participants; the others are not found by their set
// any longer. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	d := tx.Dialect()
	ids, err := sqldb.All(ctx, tx, sqldb.Value[string], "SELECT DISTINCT conversation_id FROM conversation_members WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	if err != nil || len(ids) == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM conversation_members WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, sqldb.Keys(userIDs)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE conversations SET participants_key = id WHERE community_id = $1 AND "+d.In("id", "$2"), communityID, sqldb.Keys(ids)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM conversations WHERE community_id = $1 AND "+d.In("id", "$2")+` AND NOT EXISTS (
		SELECT 1 FROM conversation_members m WHERE m.community_id = conversations.community_id AND m.conversation_id = conversations.id)`, communityID, sqldb.Keys(ids))
	return err
}
