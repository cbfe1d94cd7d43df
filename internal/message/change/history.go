package change

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
)

// VersionKind is what made a version of a message.
type VersionKind string

// Kinds of versions.
const (
	First   VersionKind = "posted"
	Edited  VersionKind = "edited"
	Deleted VersionKind = "deleted"
)

// Version is a text that a message has had.
type Version struct {
	Text  string       `json:"message" doc:"The text from then on. Empty for the deletion, and 30 days after it."`
	At    string       `json:"at" format:"date-time"`
	Actor VersionActor `json:"actor"`
	Kind  VersionKind  `json:"kind" enum:"posted,edited,deleted"`

	id    string // of the row in the history with the text before
	actor string // as in the audit log
	at    int64  // Unix milliseconds
}

// VersionActor posted, edited or deleted a message.
type VersionActor struct {
	Type     string  `json:"type" enum:"user,key,hook,automation,system"`
	ID       *string `json:"user_id" nullable:"true" doc:"The _id of the member; null for others, and after erasure."`
	Username string  `json:"username,omitempty"`
	Name     string  `json:"name,omitempty" doc:"Of the key, hook or automation that posted the message."`
}

// History returns a part of the versions of a message, newest first, and the cursor
// of the next part; "" at the end. The author and actors with moderate_content see
// it, that of a deleted message only the latter, or a key with manageUser. It fails
// with NotFound "message_not_found", Forbidden "missing_permission" or Invalid
// "invalid_cursor".
func (s *Changes) History(ctx context.Context, caller actor.Actor, communityID, messageID, from string, limit int) ([]Version, string, error) {
	if err := s.m.Access.CanAny(ctx, caller, communityID, permission.GetMessages, permission.Moderate); err != nil {
		return nil, "", err
	}
	one, err := s.withHistory(ctx, caller, communityID, messageID)
	if err != nil {
		return nil, "", err
	}
	list := cursor.Of("history", one.ID)
	after, err := list.Parse(from, 1)
	if err != nil {
		return nil, "", err
	}
	current := one.Text
	before := ""
	if after != nil {
		if before = after[0]; before != "" {
			if current, err = earlierText(ctx, s.m.DB, communityID, one.ID, before); err != nil {
				return nil, "", err
			}
		}
	}
	rows, err := selectHistory(ctx, s.m.DB, communityID, one.ID, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	rows = append(rows, Version{Kind: First, at: one.PostedAt})
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = list.After(rows[limit-1].id)
	}
	return rows, next, s.describe(ctx, communityID, &one, current, rows)
}

// withHistory returns a message if the actor sees its history, also a message that
// lists no longer show.
func (s *Changes) withHistory(ctx context.Context, caller actor.Actor, communityID, messageID string) (message.Message, error) {
	one, err := message.Load(ctx, s.m.DB, communityID, messageID)
	if err != nil {
		return one, err
	}
	p, err := place.Of(ctx, s.m.DB, s.m.Access, caller, communityID, one.ChannelID, "")
	if errs.KindOf(err) == errs.NotFound || err == nil && !p.Sees(one.Hushed, one.AuthorID) {
		err = errs.Missing("message")
	}
	if err != nil {
		return one, err
	}
	if one.DeletedAt == 0 {
		own := one.AuthorID != "" && one.AuthorID == p.Subject.MemberID
		if err := s.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil || own || p.ByKey {
			return one, err
		}
	}
	err = s.m.Access.Can(ctx, caller, communityID, permission.Moderate)
	if one.DeletedAt != 0 && one.Replies == 0 && errs.KindOf(err) == errs.Forbidden {
		err = errs.Missing("message")
	}
	return one, err
}

// describe fills in rows with the text before each. current is the text of the
// newest.
func (s *Changes) describe(ctx context.Context, communityID string, of *message.Message, current string, rows []Version) error {
	refs := []string{}
	for i := range rows {
		refs = append(refs, rows[i].actor)
	}
	names, err := memberNames(ctx, s.m.DB, communityID, of.AuthorID, refs)
	if err != nil {
		return err
	}
	for i := range rows {
		row := &rows[i]
		row.At = clock.Format(row.at)
		if row.Kind == Deleted {
			row.Text, current = "", row.Text
		} else {
			row.Text, current = current, row.Text
		}
		kind, _ := event.ActorType(row.actor)
		row.Actor = VersionActor{Type: kind}
		who := names[row.actor]
		if row.Kind == First {
			row.Actor = VersionActor{Type: "user"}
			if of.Via.Type != "" {
				row.Actor = VersionActor{Type: of.Via.Type, Name: of.Via.Name}
			}
			who = names[""]
		}
		if row.Actor.Type == "user" && who.id != "" {
			row.Actor.ID, row.Actor.Username = &who.id, who.username
		}
	}
	return nil
}
