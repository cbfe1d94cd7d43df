// Package react adds, removes and lists the reactions of members to messages.
package react

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/reaction"
)

// Reactions react to the messages of all communities. It is safe for concurrent use.
type Reactions struct{ m *message.Messages }

// New returns the Reactions of a database.
func New(m *message.Messages) *Reactions { return &Reactions{m} }

// verbRemove is the action in the audit log.
const verbRemove audit.Verb = "message.remove_reaction"

// change is a transaction that changes the reactions to a message.
type change struct {
	*message.Change
	m *message.Messages
}

// React adds a reaction of a member to a message and returns all of its kind. input
// is an emoji or a shortcode, sender as in Author. It changes nothing if the member
// has reacted so before. It fails with Invalid "unknown_emoji", NotFound
// "message_not_found", Conflict "too_many_reactions" or "sender_not_active", and as
// Author does.
func (r *Reactions) React(ctx context.Context, caller actor.Actor, communityID, messageID, input, sender string) (message.Reactions, error) {
	if err := r.m.Access.CanAny(ctx, caller, communityID, permission.SendMessage, permission.ReplyMessage); err != nil {
		return message.Reactions{}, err
	}
	kind, err := parseEmoji(input)
	if err != nil {
		return message.Reactions{}, err
	}
	var added message.Reactions
	return added, r.m.Change(ctx, caller, communityID, messageID, sender, func(in *message.Change) error {
		c := change{in, r.m}
		if err := c.RequirePresent(); err != nil {
			return err
		}
		author, err := place.Author(ctx, c.Tx, caller, communityID, sender)
		if err != nil {
			return err
		}
		if _, err := place.ActiveAuthor(ctx, c.Tx, r.m.Access, communityID, author); err != nil {
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
func (c change) react(ctx context.Context, kind emoji.Kind, author member.Member) (message.Reactions, error) {
	given, kinds, err := c.reactionsOf(ctx, kind, author.ID)
	if err != nil || given.Me {
		return given, err
	}
	if given.Count == 0 && kinds >= message.MaxReactionKinds {
		return given, errs.New(errs.Conflict, "too_many_reactions", "A message has at most %d kinds of reactions.", message.MaxReactionKinds)
	}
	given.Count, given.Me = given.Count+1, true
	if err := reaction.Insert(ctx, c.Tx, c.CommunityID, c.Message.ID, reaction.Given{Emoji: kind.Text, MemberID: author.ID, At: c.m.Clock.MS()}); err != nil {
		return given, err
	}
	return given, c.countReaction(ctx, message.EventReactionAdded, given, author.ID, 1)
}

// reactionsOf returns the reactions of a kind, and the number of kinds.
func (c change) reactionsOf(ctx context.Context, kind emoji.Kind, memberID string) (message.Reactions, int, error) {
	given, err := message.ReactionsTo(ctx, c.Tx, c.CommunityID, memberID, []string{c.Message.ID})
	if err != nil {
		return message.Reactions{}, 0, err
	}
	all := given[c.Message.ID]
	for _, one := range all {
		if one.Emoji == kind.Text {
			return one, len(all), nil
		}
	}
	return message.Reactions{Emoji: kind.Text, Shortcode: kind.Shortcode}, len(all), nil
}

// countReaction adds to the figures of the reacting member, and appends the event.
func (c change) countReaction(ctx context.Context, kind string, given message.Reactions, memberID string, delta int64) error {
	if c.Place.Counted() {
		if err := message.CountReacted(ctx, c.Tx, c.CommunityID, memberID, delta); err != nil {
			return err
		}
	}
	people, err := c.m.Authors(ctx, c.Tx, c.CommunityID, message.Reader{}, []string{memberID})
	if err != nil {
		return err
	}
	return c.Append(ctx, kind, memberID, message.EventReaction{MessageID: c.Message.ID, ChannelID: c.Message.ChannelID, Emoji: given.Emoji, Shortcode: given.Shortcode, User: people[memberID]})
}

// Unreact removes a reaction and returns the others of its kind. user refers to the
// member that reacted, "" for the sender; reactions of others need manage_messages
// in the channel, or the key permission channels. It fails as React does, with
// NotFound "user_not_found" or Forbidden "missing_permission".
func (r *Reactions) Unreact(ctx context.Context, caller actor.Actor, communityID, messageID, input, sender, user string) (message.Reactions, error) {
	if err := r.m.Access.CanAny(ctx, caller, communityID, permission.SendMessage, permission.ReplyMessage, message.InAnyChannel); err != nil {
		return message.Reactions{}, err
	}
	kind, err := parseEmoji(input)
	if err != nil {
		return message.Reactions{}, err
	}
	var left message.Reactions
	return left, r.m.Change(ctx, caller, communityID, messageID, sender, func(in *message.Change) error {
		c := change{in, r.m}
		if err := c.RequirePresent(); err != nil {
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
func (c change) reacted(ctx context.Context, sender, user string) (who member.Member, foreign bool, err error) {
	if !c.Place.ByKey || sender != "" || user == "" {
		if who, err = place.Author(ctx, c.Tx, c.Caller, c.CommunityID, sender); err != nil {
			return who, false, err
		}
	}
	if user != "" {
		named, err := directory.Load(ctx, c.Tx, c.CommunityID, user, member.AnyState...)
		if err != nil {
			return who, false, err
		}
		who, foreign = named, named.ID != who.ID
	}
	if !foreign {
		return who, false, c.m.Access.CanAny(ctx, c.Caller, c.CommunityID, permission.SendMessage, permission.ReplyMessage)
	}
	if err := c.m.Access.Can(ctx, c.Caller, c.CommunityID, message.InAnyChannel); err != nil {
		return who, true, err
	}
	return who, true, c.RequireInChannel(permission.ManageMessages)
}

func (c change) unreact(ctx context.Context, kind emoji.Kind, who member.Member, foreign bool) (message.Reactions, error) {
	given, _, err := c.reactionsOf(ctx, kind, who.ID)
	if err != nil || !given.Me {
		return given, err
	}
	given.Count, given.Me = given.Count-1, false
	if err := reaction.Delete(ctx, c.Tx, c.CommunityID, c.Message.ID, kind.Text, who.ID); err != nil {
		return given, err
	}
	if foreign {
		if err := c.Record(ctx, verbRemove); err != nil {
			return given, err
		}
	}
	return given, c.countReaction(ctx, message.EventReactionRemoved, given, who.ID, -1)
}
