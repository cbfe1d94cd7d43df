package note

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const noteColumns = "id, user_id, text, actor, actor_name, version, created_at, updated_at"

func scanNote(s sqldb.Scanner) (n Note, err error) {
	err = s.Scan(&n.ID, &n.UserID, &n.Text, &n.Actor, &n.ActorName, &n.Version, &n.CreatedAt, &n.UpdatedAt)
	return n, err
}

// selectNotes returns notes older than the cursor, newest first.
func selectNotes(ctx context.Context, q sqldb.Querier, communityID, userID, cursor string, limit int) ([]Note, error) {
	if !id.Valid(cursor) {
		cursor = id.Max
	}
	return sqldb.All(ctx, q, scanNote, "SELECT "+noteColumns+" FROM member_notes WHERE community_id = $1 AND user_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4", communityID, userID, cursor, limit)
}

func countNotes(ctx context.Context, q sqldb.Querier, communityID, userID string) (int, error) {
	return sqldb.One(ctx, q, "notes", sqldb.Value[int], "SELECT count(*) FROM member_notes WHERE community_id = $1 AND user_id = $2", communityID, userID)
}

func insertNote(ctx context.Context, tx *sqldb.Tx, communityID string, n Note) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_notes (community_id, "+noteColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		communityID, n.ID, n.UserID, n.Text, n.Actor, n.ActorName, n.Version, n.CreatedAt, n.UpdatedAt)
	return err
}

func lockNote(ctx context.Context, tx *sqldb.Tx, communityID, noteID string) (Note, error) {
	return sqldb.One(ctx, tx, "note", scanNote, "SELECT "+noteColumns+" FROM member_notes WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), communityID, noteID)
}

func updateNote(ctx context.Context, tx *sqldb.Tx, communityID string, n Note) error {
	_, err := tx.Exec(ctx, "UPDATE member_notes SET text = $3, version = $4, updated_at = $5 WHERE community_id = $1 AND id = $2", communityID, n.ID, n.Text, n.Version, n.UpdatedAt)
	return err
}

func deleteNote(ctx context.Context, tx *sqldb.Tx, communityID, noteID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM member_notes WHERE community_id = $1 AND id = $2", communityID, noteID)
	return err
}

func idsOfMembers(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM member_notes WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

func deleteOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM member_notes WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	return err
}

func eraseAuthors(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE member_notes SET actor_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}
