package search

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/words"
)

// Put indexes the text of a message, in place of an earlier one, in the caller's
// transaction.
func Put(ctx context.Context, tx *sqldb.Tx, communityID string, t Text) error {
	return tx.Queue(ctx, `INSERT INTO message_words (community_id, message_id, words) VALUES ($1, $2, $3)
		ON CONFLICT (community_id, message_id) DO UPDATE SET words = excluded.words`, communityID, t.MessageID, t.indexed(tx.Dialect(), communityID))
}

// Remove removes messages from the index, in the caller's transaction.
func Remove(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_words WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, sqldb.Keys(messageIDs))
	return err
}

// Range is the part of a community that is searched. The ids are of messages.
type Range struct {
	CommunityID string
	ChannelID   string // "": all channels
	From        string // the lowest id; "": all
	Before      string // above the highest id; "": all
}

// Source selects messages m that match a query, newest first: the FROM clause, its
// conditions and the order. The caller appends further conditions of m between Where and
// Order, and a limit. Each function of param adds an argument and returns its placeholder.
type Source struct{ From, Where, Order string }

// Found returns the messages of the index that match a query.
//
// SQLite walks the index backwards and stops at the limit. PostgreSQL collects all hits and
// sorts their ids: use Walked before, which finds frequent words without that.
func Found(d sqldb.Dialect, r Range, q *words.Query, param func(any) string) Source {
	community, matched := param(r.CommunityID), param(match(d, q, r.CommunityID, r.ChannelID))
	if d == sqldb.Postgres {
		hits := "SELECT w.message_id FROM message_words w WHERE w.community_id = " + community + " AND w.words @@ CAST(" + matched + " AS TSQUERY)" + r.ids("w.message_id", param) + " ORDER BY w.message_id DESC"
		return joined(community, "("+hits+") f")
	}
	s := Source{
		From: "message_words_found f CROSS JOIN message_words w ON w.number = f.rowid CROSS JOIN messages m ON m.community_id = w.community_id AND m.id = w.message_id",
		// FTS5 begins at a bound of its rows, which are in the order of the messages.
		Where: "f.words MATCH " + matched + " AND w.community_id = " + community, Order: "f.rowid DESC",
	}
	if r.From != "" {
		s.Where += " AND f.rowid >= (SELECT number FROM message_words WHERE community_id = " + community + " AND message_id >= " + param(r.From) + " ORDER BY message_id LIMIT 1)"
	}
	if r.Before != "" {
		s.Where += " AND f.rowid <= (SELECT number FROM message_words WHERE community_id = " + community + " AND message_id < " + param(r.Before) + " ORDER BY message_id DESC LIMIT 1)"
	}
	return s
}

// maxWalked is the number of messages that Walked reads. A word with fewer hits among them
// than a page has few for PostgreSQL to collect, unless it was in fashion earlier.
const maxWalked = 4_000

// Walked is Found for PostgreSQL without the index, among the newest messages of the range.
func Walked(r Range, q *words.Query, param func(any) string) Source {
	community, matched := param(r.CommunityID), param(match(sqldb.Postgres, q, r.CommunityID, r.ChannelID))
	newest := "SELECT w.message_id, w.words FROM message_words w WHERE w.community_id = " + community + r.ids("w.message_id", param) + " ORDER BY w.message_id DESC LIMIT " + param(maxWalked)
	return joined(community, "(SELECT n.message_id FROM ("+newest+") n WHERE n.words @@ CAST("+matched+" AS TSQUERY)) f")
}

// Rest returns the part of the range that Walked leaves out; ok is false if it is empty.
func (r Range) Rest(ctx context.Context, q sqldb.Querier) (rest Range, ok bool, err error) {
	args := []any{r.CommunityID, maxWalked - 1}
	param := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	last, err := sqldb.All(ctx, q, sqldb.Value[string], "SELECT w.message_id FROM message_words w WHERE w.community_id = $1"+r.ids("w.message_id", param)+" ORDER BY w.message_id DESC LIMIT 1 OFFSET $2", args...)
	if err != nil || len(last) == 0 {
		return r, false, err
	}
	r.Before = last[0]
	return r, true, nil
}

// ids returns the conditions of a column.
func (r Range) ids(column string, param func(any) string) (conditions string) {
	if r.From != "" {
		conditions += " AND " + column + " >= " + param(r.From)
	}
	if r.Before != "" {
		conditions += " AND " + column + " < " + param(r.Before)
	}
	return conditions
}

// joined joins sorted hits with their messages one by one, so that the limit ends the
// join: OFFSET keeps PostgreSQL from planning another one.
func joined(community, hits string) Source {
	return Source{
		From:  hits + " CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.community_id = " + community + " AND m.id = f.message_id OFFSET 0) m",
		Where: "TRUE", Order: "f.message_id DESC",
	}
}

// indexed returns the words of a text with the ids of its community and channel, in the
// form of an engine.
func (t Text) indexed(d sqldb.Dialect, communityID string) string {
	ids := []string{communityMark + communityID, channelMark + t.ChannelID}
	if d == sqldb.SQLite {
		return strings.TrimSpace(words.Tokens(t.Text) + " " + strings.Join(ids, " "))
	}
	return strings.TrimSpace(words.Vector(t.Text) + " '" + strings.Join(ids, "' '") + "'")
}

// match returns the query of an engine for messages of a community, or of one of its
// channels if channelID is not "".
func match(d sqldb.Dialect, q *words.Query, communityID, channelID string) string {
	place := communityMark + communityID
	if channelID != "" {
		place = channelMark + channelID
	}
	if d == sqldb.SQLite {
		return "(" + q.FTS5() + `) AND "` + place + `"`
	}
	return "(" + q.TSQuery() + ") & '" + place + "'"
}
