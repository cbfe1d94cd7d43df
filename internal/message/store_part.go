package message

import (
	"context"

	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message/reaction"
	"github.com/regulars/regulars/internal/sqldb"
)

// Authors returns the authors of messages by id, and under "" that of erased ones.
func (m *Messages) Authors(ctx context.Context, q sqldb.Querier, communityID string, r Reader, ids []string) (map[string]Author, error) {
	found := map[string]Author{"": m.author(communityID, r, member.Member{})}
	rows, err := q.Query(ctx, "SELECT user_id, state, username, display_name, email, avatar_id FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one member.Member
		if err := rows.Scan(&one.ID, &one.State, &one.Username, &one.DisplayName, &one.Email, &one.AvatarID); err != nil {
			return nil, err
		}
		found[one.ID] = m.author(communityID, r, one)
	}
	return found, rows.Err()
}

// author returns a member as the author of messages.
func (m *Messages) author(communityID string, r Reader, one member.Member) Author {
	if one.ID == "" || one.State == member.Deleted {
		return Author{DisplayName: deletedName, Deleted: true}
	}
	a := Author{ID: &one.ID, Username: one.Username, DisplayName: one.DisplayName}
	if one.AvatarID != "" {
		a.Avatar = m.BaseURL() + media.Path(communityID, one.AvatarID)
	}
	if r.SeesEmail || one.ID == r.MemberID {
		a.Email = one.Email
	}
	return a
}

// mentioning returns the messages that mention one of some members.
func mentioning(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) ([]Message, error) {
	return sqldb.All(ctx, tx, Scan, "SELECT "+Columns+` FROM messages m WHERE m.community_id = $1 AND m.id IN
		(SELECT message_id FROM message_mentions n WHERE n.community_id = $1 AND `+tx.Dialect().In("n.target", "$2")+")", communityID, sqldb.Keys(memberIDs))
}

// unmarkImages records that messages have no image besides those of members.
func unmarkImages(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	const attached = "SELECT a.message_id FROM message_attachments a JOIN message_images i ON i.community_id = a.community_id AND i.id = a.image_id WHERE a.community_id = $1 AND "
	owned := tx.Dialect().In("i.owner_id", "$2")
	_, err := tx.Exec(ctx, "UPDATE messages SET has_image = FALSE WHERE community_id = $1 AND id IN ("+attached+owned+") AND NOT EXISTS ("+attached+"a.message_id = messages.id AND NOT "+owned+")", communityID, sqldb.Keys(memberIDs))
	return err
}

// EraseAuthor removes the authors of messages.
func EraseAuthor(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET author_id = '' WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(messageIDs))
	return err
}

// eraseAuthors removes members from everything but texts.
func eraseAuthors(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d, keys := tx.Dialect(), sqldb.Keys(memberIDs)
	for _, statement := range []string{
		"UPDATE messages SET author_id = '' WHERE community_id = $1 AND " + d.In("author_id", "$2"),
		"DELETE FROM message_mentions WHERE community_id = $1 AND " + d.In("target", "$2"),
	} {
		if _, err := tx.Exec(ctx, statement, communityID, keys); err != nil {
			return err
		}
	}
	return reaction.EraseMembers(ctx, tx, communityID, memberIDs)
}
