package message

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

func parentOf(ctx context.Context, q sqldb.Querier, communityID, messageID string) (string, error) {
	return sqldb.One(ctx, q, "message", sqldb.Value[string], "SELECT parent_id FROM messages WHERE community_id = $1 AND id = $2", communityID, messageID)
}

// setContent stores the text of a message, what it names and what it has, and indexes
// it.
func setContent(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	mentions, err := json.Marshal(orEmpty(m.Mentions))
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, "UPDATE messages SET text = $4, mentions = $5, has_link = $6, has_image = $7, edited_at = $8 WHERE community_id = $1 AND channel_id = $2 AND id = $3",
		communityID, m.ChannelID, m.ID, m.Text, string(mentions), m.HasLink, m.HasImage, m.EditedAt); err != nil {
		return err
	}
	return search.Put(ctx, tx, communityID, m.searched())
}

func setDeleted(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET deleted_at = $4, pinned_at = 0 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.DeletedAt)
	return err
}

func deleteMentions(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_mentions WHERE community_id = $1 AND message_id = $2", communityID, m.ID)
	return err
}

// selectOfAuthor returns the ids of messages of an author after an id, oldest first,
// without deleted ones.
func selectOfAuthor(ctx context.Context, q sqldb.Querier, communityID, authorID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT id FROM messages WHERE community_id = $1 AND author_id = $2 AND id > $3 AND deleted_at = 0 ORDER BY id LIMIT $4", communityID, authorID, after, limit)
}

// selectReplies returns the visible replies to a message after an id, oldest first.
func selectReplies(ctx context.Context, q sqldb.Querier, communityID string, s scope, parentID, after string, limit int) ([]Message, error) {
	c := s.query(q.Dialect(), communityID)
	c.add("m.parent_id = " + c.param(parentID) + " AND m.parent_id <> '' AND m.id > " + c.param(after))
	return sqldb.All(ctx, q, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE "+c.text()+" ORDER BY m.id LIMIT "+c.param(limit), c.args...)
}

// countPins returns the number of pinned messages of a channel and the time of the
// latest pin.
func countPins(ctx context.Context, q sqldb.Querier, communityID, channelID string) (n, latest int64, err error) {
	err = q.QueryRow(ctx, "SELECT count(*), COALESCE(MAX(pinned_at), 0) FROM messages WHERE community_id = $1 AND channel_id = $2 AND pinned_at <> 0", communityID, channelID).Scan(&n, &latest)
	return n, latest, err
}

func setPinned(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET pinned_at = $4 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.PinnedAt)
	return err
}

// selectPins returns the pinned messages of a scope, the last pinned first.
func selectPins(ctx context.Context, q sqldb.Querier, communityID string, s scope) ([]Message, error) {
	c := s.query(q.Dialect(), communityID)
	c.add("m.pinned_at <> 0")
	return sqldb.All(ctx, q, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE "+c.text()+" ORDER BY m.pinned_at DESC LIMIT "+c.param(MaxPins), c.args...)
}

// insertHistory stores the text before a version, and the members that it mentions.
func insertHistory(ctx context.Context, tx *sqldb.Tx, communityID string, before *Message, v Version) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_history (community_id, message_id, id, kind, text, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		communityID, before.ID, v.id, v.Kind, before.Text, v.actor, v.at)
	for _, one := range before.Mentions {
		if err != nil {
			return err
		}
		if one.Kind == MentionsMember && one.ID != "" {
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
		before = "g" // after every id
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
			"DELETE FROM messages WHERE community_id = $1 AND id = $2 AND reply_count = 0",
			"UPDATE messages SET text = '', mentions = '[]' WHERE community_id = $1 AND id = $2",
		} {
			if _, err := tx.Exec(ctx, statement, k.communityID, k.id); err != nil {
				return false, err
			}
		}
	}
	return len(keys) == blankRows, err
}

func insertReaction(ctx context.Context, tx *sqldb.Tx, communityID, messageID, kind, memberID string, now int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_reactions (community_id, message_id, emoji, user_id, reacted_at) VALUES ($1, $2, $3, $4, $5)", communityID, messageID, kind, memberID, now)
	return err
}

func deleteReaction(ctx context.Context, tx *sqldb.Tx, communityID, messageID, kind, memberID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_reactions WHERE community_id = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4", communityID, messageID, kind, memberID)
	return err
}

// countReacted adds to the reactions of a member.
func countReacted(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, delta int64) error {
	return tally.Add(ctx, tx, communityID, memberID, tally.Delta{Reactions: delta})
}

// deleteReactions deletes all reactions to a message, and subtracts them from the
// figures of the members if they count.
func deleteReactions(ctx context.Context, tx *sqldb.Tx, communityID, messageID string, counted bool) error {
	if counted {
		by, err := tallies(ctx, tx, "SELECT user_id, 0, 0, count(*) FROM message_reactions WHERE community_id = $1 AND message_id = $2 GROUP BY user_id", communityID, messageID)
		if err != nil {
			return err
		}
		if err := tally.Subtract(ctx, tx, communityID, by); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "DELETE FROM message_reactions WHERE community_id = $1 AND message_id = $2", communityID, messageID)
	return err
}

// tallies returns the sums of the rows of a query: member, messages, replies, reactions.
func tallies(ctx context.Context, q sqldb.Querier, query string, args ...any) (map[string]tally.Delta, error) {
	by := map[string]tally.Delta{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var d tally.Delta
		err = s.Scan(&memberID, &d.Messages, &d.Replies, &d.Reactions)
		by[memberID] = by[memberID].Plus(d)
		return none, err
	}, query, args...)
	return by, err
}

// reactionFilter selects reactions to a message.
type reactionFilter struct {
	messageID string
	emoji     string   // "": all
	after     []string // time, emoji and member of the last one before; nil: from the first
	limit     int
}

type reactionRow struct {
	emoji, memberID string
	at              int64
}

// selectReactions returns reactions in the order of time.
func selectReactions(ctx context.Context, q sqldb.Querier, communityID string, f reactionFilter) ([]reactionRow, error) {
	c := &query{dialect: q.Dialect()}
	c.add("community_id = " + c.param(communityID) + " AND message_id = " + c.param(f.messageID))
	if f.emoji != "" {
		c.add("emoji = " + c.param(f.emoji))
	}
	if f.after != nil {
		c.add("(reacted_at, emoji, user_id) > (CAST(" + c.param(f.after[0]) + " AS BIGINT)" + ", " + c.param(f.after[1]) + ", " + c.param(f.after[2]) + ")")
	}
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (r reactionRow, err error) {
		return r, s.Scan(&r.emoji, &r.memberID, &r.at)
	}, "SELECT emoji, user_id, reacted_at FROM message_reactions WHERE "+c.text()+" ORDER BY reacted_at, emoji, user_id LIMIT "+c.param(f.limit), c.args...)
}
