package react

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/reaction"
)

// Reaction is that of one member.
type Reaction struct {
	Emoji     string         `json:"emoji" example:"❤"`
	Shortcode string         `json:"shortcode" example:":heart:"`
	User      message.Author `json:"user"`
	At        string         `json:"at" format:"date-time"`
}

// Reacted returns a part of the reactions to a message, the first one first, and the
// cursor of the next part; "" at the end. kind is an emoji or a shortcode, "" for
// all; participant as in place.Of. It fails with Invalid "unknown_emoji" or "invalid_cursor", or NotFound
// "message_not_found".
func (r *Reactions) Reacted(ctx context.Context, caller actor.Actor, communityID, messageID, participant, kind, from string, limit int) ([]Reaction, string, error) {
	if err := r.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	one, p, err := r.m.Find(ctx, r.m.DB, caller, communityID, messageID, participant)
	if err != nil {
		return nil, "", err
	}
	f := reaction.Filter{MessageID: one.ID, Limit: limit + 1}
	if kind != "" {
		known, err := parseEmoji(kind)
		if err != nil {
			return nil, "", err
		}
		f.Emoji = known.Text
	}
	list := cursor.Of("reactions", one.ID, f.Emoji)
	if f.After, err = parsePosition(list, from); err != nil {
		return nil, "", err
	}
	rows, err := reaction.Select(ctx, r.m.DB, communityID, f)
	if err != nil || one.DeletedAt != 0 {
		return []Reaction{}, "", err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = list.After(strconv.FormatInt(last.At, 10), last.Emoji, last.MemberID)
	}
	found, err := r.reactions(ctx, caller, communityID, p.Subject.MemberID, rows)
	return found, next, err
}

// parsePosition parses a cursor of a list; zero of "".
func parsePosition(in cursor.List, given string) (reaction.Given, error) {
	parts, err := in.Parse(given, 3)
	if err != nil || parts == nil {
		return reaction.Given{}, err
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return reaction.Given{}, cursor.ErrForeign()
	}
	return reaction.Given{Emoji: parts[1], MemberID: parts[2], At: at}, nil
}

// reactions adds the members to rows.
func (r *Reactions) reactions(ctx context.Context, caller actor.Actor, communityID, readerID string, rows []reaction.Given) ([]Reaction, error) {
	reader, err := r.m.ReaderOf(ctx, caller, communityID, readerID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.MemberID
	}
	people, err := r.m.Authors(ctx, r.m.DB, communityID, reader, ids)
	found := make([]Reaction, len(rows))
	for i, row := range rows {
		who, known := people[row.MemberID]
		if !known { // erased
			who = people[""]
		}
		kind, _ := emoji.Parse(row.Emoji)
		found[i] = Reaction{row.Emoji, kind.Shortcode, who, clock.Format(row.At)}
	}
	return found, err
}
