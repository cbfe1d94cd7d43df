package message

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/cursor"
	"github.com/regulars/regulars/internal/message/place"
)

// MaxReactionKinds is the number of kinds of emoji on one message.
const MaxReactionKinds = 20

// React adds a reaction of a member to a message and returns all of its kind. input
// is an emoji or a shortcode, sender as in Author. It changes nothing if the member
// has reacted so before. It fails with Invalid "unknown_emoji", NotFound
// "message_not_found", Conflict "too_many_reactions" or "sender_not_active", and as
// Author does.
func (m *Messages) React(ctx context.Context, caller actor.Actor, communityID, messageID, input, sender string) (Reactions, error) {
	if err := m.Access.CanAny(ctx, caller, communityID, permission.SendMessage, permission.ReplyMessage); err != nil {
		return Reactions{}, err
	}
	kind, err := parseEmoji(input)
	if err != nil {
		return Reactions{}, err
	}
	var added Reactions
	return added, m.change(ctx, caller, communityID, messageID, func(c *change) error {
		if err := c.requirePresent(); err != nil {
			return err
		}
		author, err := place.Author(ctx, c.tx, caller, communityID, sender)
		if err != nil {
			return err
		}
		if _, err := place.ActiveAuthor(ctx, c.tx, m.Access, communityID, author); err != nil {
			return err
		}
		added, err = c.react(ctx, kind, author)
		return err
	})
}

func parseEmoji(input string) (emoji.Kind, error) {
	kind, ok := emoji.Parse(input)
	if !ok {
		return kind, errs.New(errs.Invalid, "unknown_emoji", "Send one emoji, or its shortcode such as :heart:.").WithFields(errs.Wrong("emoji", "unknown_emoji", "This is not one emoji."))
	}
	return kind, nil
}

// react adds a reaction. The lock on the message keeps the number of kinds right.
func (c *change) react(ctx context.Context, kind emoji.Kind, author member.Member) (Reactions, error) {
	given, kinds, err := c.reactionsOf(ctx, kind, author.ID)
	if err != nil || given.Me {
		return given, err
	}
	if given.Count == 0 && kinds >= MaxReactionKinds {
		return given, errs.New(errs.Conflict, "too_many_reactions", "A message has at most %d kinds of reactions.", MaxReactionKinds)
	}
	given.Count, given.Me = given.Count+1, true
	if err := insertReaction(ctx, c.tx, c.communityID, c.message.ID, kind.Text, author.ID, c.Clock.MS()); err != nil {
		return given, err
	}
	return given, c.countReaction(ctx, EventReactionAdded, given, author.ID, 1)
}

// reactionsOf returns the reactions of a kind, and the number of kinds.
func (c *change) reactionsOf(ctx context.Context, kind emoji.Kind, memberID string) (Reactions, int, error) {
	given, err := reactionsTo(ctx, c.tx, c.communityID, memberID, []string{c.message.ID})
	if err != nil {
		return Reactions{}, 0, err
	}
	all := given[c.message.ID]
	for _, one := range all {
		if one.Emoji == kind.Text {
			return one, len(all), nil
		}
	}
	return Reactions{Emoji: kind.Text, Shortcode: kind.Shortcode}, len(all), nil
}

// countReaction adds to the figures of the reacting member, and appends the event.
func (c *change) countReaction(ctx context.Context, kind string, given Reactions, memberID string, delta int64) error {
	if c.place.Counted() {
		if err := countReacted(ctx, c.tx, c.communityID, memberID, delta); err != nil {
			return err
		}
	}
	people, err := c.Authors(ctx, c.tx, c.communityID, Reader{}, []string{memberID})
	if err != nil {
		return err
	}
	return c.append(ctx, kind, memberID, EventReaction{c.message.ID, c.message.ChannelID, given.Emoji, given.Shortcode, people[memberID]})
}

// Unreact removes a reaction and returns the others of its kind. user refers to the
// member that reacted, "" for the sender; reactions of others need manage_messages
// in the channel, or the key permission channels. It fails as React does, with
// NotFound "user_not_found" or Forbidden "missing_permission".
func (m *Messages) Unreact(ctx context.Context, caller actor.Actor, communityID, messageID, input, sender, user string) (Reactions, error) {
	if err := m.Access.CanAny(ctx, caller, communityID, permission.SendMessage, permission.ReplyMessage, inAnyChannel); err != nil {
		return Reactions{}, err
	}
	kind, err := parseEmoji(input)
	if err != nil {
		return Reactions{}, err
	}
	var left Reactions
	return left, m.change(ctx, caller, communityID, messageID, func(c *change) error {
		if err := c.requirePresent(); err != nil {
			return err
		}
		who, foreign, err := c.reacted(ctx, sender, user)
		if err != nil {
			return err
		}
		left, err = c.unreact(ctx, kind, who, foreign)
		return err
	})
}

// reacted returns the member of the reaction that the actor may remove; foreign: another
// one than the sender.
func (c *change) reacted(ctx context.Context, sender, user string) (who member.Member, foreign bool, err error) {
	if !c.place.ByKey || sender != "" || user == "" {
		if who, err = place.Author(ctx, c.tx, c.caller, c.communityID, sender); err != nil {
			return who, false, err
		}
	}
	if user != "" {
		named, err := directory.Load(ctx, c.tx, c.communityID, user, member.AnyState...)
		if err != nil {
			return who, false, err
		}
		who, foreign = named, named.ID != who.ID
	}
	if !foreign {
		return who, false, c.Access.CanAny(ctx, c.caller, c.communityID, permission.SendMessage, permission.ReplyMessage)
	}
	if err := c.Access.Can(ctx, c.caller, c.communityID, inAnyChannel); err != nil {
		return who, true, err
	}
	return who, true, c.requireInChannel(permission.ManageMessages)
}

func (c *change) unreact(ctx context.Context, kind emoji.Kind, who member.Member, foreign bool) (Reactions, error) {
	given, _, err := c.reactionsOf(ctx, kind, who.ID)
	if err != nil || !given.Me {
		return given, err
	}
	given.Count, given.Me = given.Count-1, false
	if err := deleteReaction(ctx, c.tx, c.communityID, c.message.ID, kind.Text, who.ID); err != nil {
		return given, err
	}
	if foreign {
		if err := c.record(ctx, verbRemoveReaction); err != nil {
			return given, err
		}
	}
	return given, c.countReaction(ctx, EventReactionRemoved, given, who.ID, -1)
}

// Reaction is that of one member.
type Reaction struct {
	Emoji     string `json:"emoji" example:"❤"`
	Shortcode string `json:"shortcode" example:":heart:"`
	User      Author `json:"user"`
	At        string `json:"at" format:"date-time"`
}

// Reacted returns a part of the reactions to a message, the first one first, and the
// cursor of the next part; "" at the end. kind is an emoji or a shortcode, "" for
// all. It fails with Invalid "unknown_emoji" or "invalid_cursor", or NotFound
// "message_not_found".
func (m *Messages) Reacted(ctx context.Context, caller actor.Actor, communityID, messageID, kind, from string, limit int) ([]Reaction, string, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	one, p, err := m.Find(ctx, m.DB, caller, communityID, messageID)
	if err != nil {
		return nil, "", err
	}
	f := reactionFilter{messageID: one.ID, limit: limit + 1}
	if kind != "" {
		known, err := parseEmoji(kind)
		if err != nil {
			return nil, "", err
		}
		f.emoji = known.Text
	}
	list := cursor.Of("reactions", one.ID, f.emoji)
	if f.after, err = list.Parse(from, 3); err != nil {
		return nil, "", err
	}
	if f.after != nil {
		if _, err := strconv.ParseInt(f.after[0], 10, 64); err != nil {
			return nil, "", cursor.ErrForeign()
		}
	}
	rows, err := selectReactions(ctx, m.DB, communityID, f)
	if err != nil || one.DeletedAt != 0 {
		return []Reaction{}, "", err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = list.After(strconv.FormatInt(last.at, 10), last.emoji, last.memberID)
	}
	found, err := m.reactions(ctx, caller, communityID, p.Subject.MemberID, rows)
	return found, next, err
}

// reactions adds the members to rows.
func (m *Messages) reactions(ctx context.Context, caller actor.Actor, communityID, readerID string, rows []reactionRow) ([]Reaction, error) {
	r, err := m.ReaderOf(ctx, caller, communityID, readerID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.memberID
	}
	people, err := m.Authors(ctx, m.DB, communityID, r, ids)
	found := make([]Reaction, len(rows))
	for i, row := range rows {
		who, known := people[row.memberID]
		if !known { // erased
			who = people[""]
		}
		kind, _ := emoji.Parse(row.emoji)
		found[i] = Reaction{row.emoji, kind.Shortcode, who, clock.Format(row.at)}
	}
	return found, err
}
