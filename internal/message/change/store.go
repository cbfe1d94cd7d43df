package change

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
)

// selectOfAuthor returns the ids of messages of an author after an id, oldest first,
// without deleted ones.
func selectOfAuthor(ctx context.Context, q sqldb.Querier, communityID, authorID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT id FROM messages WHERE community_id = $1 AND author_id = $2 AND id > $3 AND deleted_at = 0 ORDER BY id LIMIT $4", communityID, authorID, after, limit)
}

// insertHistory stores the text before a version, and the members that it mentions.
func insertHistory(ctx context.Context, tx *sqldb.Tx, communityID string, before *message.Message, v Version) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_history (community_id, message_id, id, kind, text, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		communityID, before.ID, v.id, v.Kind, before.Text, v.actor, v.at)
	for _, one := range before.Mentions {
		if err != nil {
			return err
		}
		if one.Kind == message.MentionsMember && one.ID != "" {
			_, err = tx.Exec(ctx, `INSERT INTO message_history_mentions (community_id, target, message_id, text) VALUES ($1, $2, $3, $4)
				ON CONFLICT (community_id, target, message_id, text) DO NOTHING`, communityID, one.ID, before.ID, before.Text[one.Start:one.Start+one.Length])
		}
	}
	return err
}

// earlierText returns the text before a version.
func earlierText(ctx context.Context, q sqldb.Querier, communityID, messageID, versionID string) (string, error) {
	return sqldb.One(ctx, q, "version", sqldb.Value[string], "SELECT text FROM message_history WHERE community_id = $1 AND message_id = $2 AND id = $3", communityID, messageID, versionID)
}

// selectHistory returns the versions before a version, newest first; "": from the
// newest. Their Text is the one before them.
func selectHistory(ctx context.Context, q sqldb.Querier, communityID, messageID, before string, limit int) ([]Version, error) {
	if before == "" {
		before = id.Max
	}
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (v Version, err error) {
		return v, s.Scan(&v.id, &v.Kind, &v.Text, &v.actor, &v.at)
	}, "SELECT id, kind, text, actor, at FROM message_history WHERE community_id = $1 AND message_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4", communityID, messageID, before, limit)
}

type memberName struct{ id, username string }

// memberNames returns the members that references of the audit log mean, and under
// "" the author. Deleted members are left out.
func memberNames(ctx context.Context, q sqldb.Querier, communityID, authorID string, refs []string) (map[string]memberName, error) {
	ids, accounts := []string{authorID}, []string{}
	for _, ref := range refs {
		if accountID, ok := strings.CutPrefix(ref, "account:"); ok {
			accounts = append(accounts, accountID)
		}
		if memberID, ok := strings.CutPrefix(ref, "member:"); ok {
			ids = append(ids, memberID)
		}
	}
	d, names := q.Dialect(), map[string]memberName{}
	rows, err := q.Query(ctx, "SELECT user_id, account_id, username FROM members WHERE community_id = $1 AND state <> $4 AND ("+d.In("user_id", "$2")+" OR account_id <> '' AND "+d.In("account_id", "$3")+")",
		communityID, sqldb.Keys(ids), sqldb.Keys(accounts), member.Deleted)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one memberName
		var accountID string
		if err := rows.Scan(&one.id, &accountID, &one.username); err != nil {
			return nil, err
		}
		names["member:"+one.id] = one
		if accountID != "" {
			names["account:"+accountID] = one
		}
		if one.id == authorID {
			names[""] = one
		}
	}
	return names, rows.Err()
}

// blankRows is the number of messages of one transaction of blankDeleted.
const blankRows = 500

// blankDeleted removes the texts of messages that were deleted before a time, and
// those without replies. more reports that it has to be called again.
func blankDeleted(ctx context.Context, tx *sqldb.Tx, before int64) (more bool, err error) {
	type key struct{ communityID, id string }
	keys, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (k key, err error) {
		return k, s.Scan(&k.communityID, &k.id)
	}, `SELECT m.community_id, m.id FROM messages m WHERE m.deleted_at <> 0 AND m.deleted_at < $1 AND (m.reply_count = 0 OR m.text <> '' OR m.mentions <> '[]'
		OR EXISTS (SELECT 1 FROM message_history h WHERE h.community_id = m.community_id AND h.message_id = m.id AND h.text <> '')) ORDER BY m.community_id, m.id LIMIT $2`, before, blankRows)
	for _, k := range keys {
		for _, statement := range []string{
			"DELETE FROM message_history_mentions WHERE community_id = $1 AND message_id = $2",
			"DELETE FROM message_history WHERE community_id = $1 AND message_id = $2 AND EXISTS (SELECT 1 FROM messages WHERE community_id = $1 AND id = $2 AND reply_count = 0)",
			"UPDATE message_history SET text = '' WHERE community_id = $1 AND message_id = $2",
		} {
			if _, err := tx.Exec(ctx, statement, k.communityID, k.id); err != nil {
				return false, err
			}
		}
		if err := message.Blank(ctx, tx, k.communityID, k.id); err != nil {
			return false, err
		}
	}
	return len(keys) == blankRows, err
}

// eraseEarlierMentions replaces the mentions of members in earlier and deleted texts.
func eraseEarlierMentions(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	type row struct{ messageID, text string }
	keys := sqldb.Keys(memberIDs)
	rows, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (r row, err error) {
		return r, s.Scan(&r.messageID, &r.text)
	}, "SELECT message_id, text FROM message_history_mentions WHERE community_id = $1 AND "+tx.Dialect().In("target", "$2"), communityID, keys)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.Exec(ctx, "UPDATE message_history SET text = replace(text, $3, $4) WHERE community_id = $1 AND message_id = $2", communityID, r.messageID, r.text, "@"+message.ErasedName); err != nil {
			return err
		}
		if err := message.EraseInDeleted(ctx, tx, communityID, r.messageID, r.text); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "DELETE FROM message_history_mentions WHERE community_id = $1 AND "+tx.Dialect().In("target", "$2"), communityID, keys)
	return err
}

// eraseHistoryActors removes actors from the history.
func eraseHistoryActors(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE message_history SET actor = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}

// insertDeletions stores the texts of messages that are deleted together.
func insertDeletions(ctx context.Context, tx *sqldb.Tx, communityID string, list []message.Message, v Version) error {
	for i := range list {
		if one := &list[i]; one.DeletedAt == 0 {
			if err := insertHistory(ctx, tx, communityID, one, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// countPins returns the number of pinned messages of a channel and the time of the
// latest pin.
func countPins(ctx context.Context, q sqldb.Querier, communityID, channelID string) (n, latest int64, err error) {
	err = q.QueryRow(ctx, "SELECT count(*), COALESCE(MAX(pinned_at), 0) FROM messages WHERE community_id = $1 AND channel_id = $2 AND pinned_at <> 0", communityID, channelID).Scan(&n, &latest)
	return n, latest, err
}

// deleteHistory deletes the earlier texts of messages.
func deleteHistory(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	for _, table := range []string{"message_history_mentions", "message_history"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, sqldb.Keys(messageIDs)); err != nil {
			return err
		}
	}
	return nil
}

// toErase is a message of an erased author.
type toErase struct {
	id     string
	direct bool // in a conversation
}

// selectToErase returns the newest messages of one of the authors that still have any;
// none if there are none.
func selectToErase(ctx context.Context, q sqldb.Querier, communityID string, authorIDs []string, limit int) ([]toErase, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (one toErase, err error) {
		return one, s.Scan(&one.id, &one.direct)
	}, `SELECT m.id, EXISTS (SELECT 1 FROM conversations c WHERE c.community_id = m.community_id AND c.id = m.channel_id) FROM messages m
		WHERE m.community_id = $1 AND m.author_id = (SELECT a.author_id FROM messages a WHERE a.community_id = $1 AND `+q.Dialect().In("a.author_id", "$2")+` LIMIT 1)
		ORDER BY m.id DESC LIMIT $3`, communityID, sqldb.Keys(authorIDs), limit)
}

// selectMentioning returns the authors of messages that mention members, or did.
func selectMentioning(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) ([]string, error) {
	in := q.Dialect().In("n.target", "$2")
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT DISTINCT m.author_id FROM messages m WHERE m.community_id = $1 AND m.author_id <> '' AND m.id IN (SELECT n.message_id FROM message_mentions n WHERE n.community_id = $1 AND "+in+
		" UNION SELECT n.message_id FROM message_history_mentions n WHERE n.community_id = $1 AND "+in+")", communityID, sqldb.Keys(memberIDs))
}
