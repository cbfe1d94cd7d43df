// Package note keeps private notes of staff on members. A member never sees the
// notes on themselves.
package note

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Limits of notes.
const (
	MaxText      = 2000 // characters
	maxOfOneUser = 500
	maxPage      = 100
)

// Note is a note on a member.
type Note struct {
	ID        string
	UserID    string // the member
	Text      string
	Actor     string // the author: actor.Actor.Ref
	ActorName string // at that time, "" after erasure
	Version   int64  // from 1
	CreatedAt int64  // Unix milliseconds
	UpdatedAt int64  // Unix milliseconds
}

// Notes are the notes of all communities. It is safe for concurrent use.
type Notes struct{ d Deps }

// Deps are the dependencies of Notes.
type Deps struct {
	DB      *sqldb.DB
	Clock   clock.Clock
	Access  *access.Access
	Members *roster.Roster
}

// New returns the Notes of a database.
func New(d Deps) *Notes { return &Notes{d} }

// List returns a part of the notes on a member, newest first, and the cursor of
// the next part, "" at the end. user is a reference as in Directory.Find. It fails
// as access.Can does for warn_members, or with NotFound "user_not_found" or
// Forbidden "not_yourself".
func (n *Notes) List(ctx context.Context, caller actor.Actor, communityID, user, cursor string, limit int) ([]Note, string, error) {
	who, err := n.subject(ctx, caller, communityID, user)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxPage)
	found, err := selectNotes(ctx, n.d.DB, communityID, who.ID, cursor, limit+1)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	return found[:limit], found[limit-1].ID, nil
}

// Create adds a note of 1 to 2,000 characters. It fails as List does, with Invalid
// "invalid_input", or with Conflict "too_many_notes".
func (n *Notes) Create(ctx context.Context, caller actor.Actor, communityID, user, content string) (Note, error) {
	who, err := n.subject(ctx, caller, communityID, user)
	if err != nil {
		return Note{}, err
	}
	if content, err = validText(content); err != nil {
		return Note{}, err
	}
	now := n.d.Clock.Now()
	created := Note{ID: id.New(now), UserID: who.ID, Text: content, Actor: caller.Ref(), ActorName: caller.Name, Version: 1, CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err = n.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{who.ID}}, true)
		if err != nil {
			return err
		}
		if len(locked) == 0 {
			return member.ErrUserNotFound()
		}
		count, err := countNotes(ctx, tx, communityID, who.ID)
		if err != nil {
			return err
		}
		if count >= maxOfOneUser {
			return errs.New(errs.Conflict, "too_many_notes", "A member has at most %d notes. Delete one first.", maxOfOneUser)
		}
		if err := insertNote(ctx, tx, communityID, created); err != nil {
			return err
		}
		return n.record(ctx, tx, caller, communityID, "note.create", created, who.Username)
	})
	if err != nil {
		return Note{}, err
	}
	return created, nil
}

// Update changes the text of a note. version is the one that the caller has read,
// 0 for any. Only the author, or an actor with server_administrator or the key
// permission manageUser, updates a note. It fails as Create does, with Forbidden
// "not_your_note", NotFound "note_not_found" or Conflict "stale_version".
func (n *Notes) Update(ctx context.Context, caller actor.Actor, communityID, user, noteID, content string, version int64) (Note, error) {
	who, err := n.subject(ctx, caller, communityID, user)
	if err != nil {
		return Note{}, err
	}
	if content, err = validText(content); err != nil {
		return Note{}, err
	}
	var changed Note
	err = n.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if changed, err = n.lockOwn(ctx, tx, caller, communityID, who.ID, noteID); err != nil {
			return err
		}
		if version != 0 && version != changed.Version {
			return errs.New(errs.Conflict, "stale_version", "The note was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": changed.Version})
		}
		if changed.Text == content {
			return nil
		}
		changed.Text, changed.Version, changed.UpdatedAt = content, changed.Version+1, n.d.Clock.MS()
		if err := updateNote(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return n.record(ctx, tx, caller, communityID, "note.update", changed, who.Username)
	})
	if err != nil {
		return Note{}, err
	}
	return changed, nil
}

// Delete deletes a note. It fails as Update does.
func (n *Notes) Delete(ctx context.Context, caller actor.Actor, communityID, user, noteID string) error {
	who, err := n.subject(ctx, caller, communityID, user)
	if err != nil {
		return err
	}
	return n.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		deleted, err := n.lockOwn(ctx, tx, caller, communityID, who.ID, noteID)
		if err != nil {
			return err
		}
		if err := deleteNote(ctx, tx, communityID, noteID); err != nil {
			return err
		}
		return n.record(ctx, tx, caller, communityID, "note.delete", deleted, who.Username)
	})
}

// subject returns the member of notes, in any state, after checking the actor.
func (n *Notes) subject(ctx context.Context, caller actor.Actor, communityID, user string) (member.Member, error) {
	if err := n.d.Access.Can(ctx, caller, communityID, permission.Warn); err != nil {
		return member.Member{}, err
	}
	who, err := directory.Load(ctx, n.d.DB, communityID, user, member.AnyState...)
	if err == nil && who.Is(caller) {
		err = errs.New(errs.Forbidden, "not_yourself", "You cannot see notes on yourself.")
	}
	return who, err
}

// lockOwn locks a note on a member that the actor may change.
func (n *Notes) lockOwn(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, userID, noteID string) (Note, error) {
	found, err := lockNote(ctx, tx, communityID, noteID)
	if errs.KindOf(err) == errs.NotFound || err == nil && found.UserID != userID {
		return Note{}, errs.Missing("note")
	}
	if err != nil || found.Actor == caller.Ref() {
		return found, err
	}
	err = n.d.Access.Can(ctx, caller, communityID, permission.ManageUser)
	if errs.KindOf(err) == errs.Forbidden {
		err = errs.New(errs.Forbidden, "not_your_note", "Only the author or an administrator changes a note.")
	}
	return found, err
}

// record audits a change, without the text.
func (n *Notes) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, about Note, username string) error {
	target := audit.Target{Type: "note", ID: about.ID, Name: username}
	return audit.Record(ctx, tx, caller, n.d.Clock.MS(), communityID, verb, target)
}

func validText(content string) (string, error) {
	content = strings.TrimSpace(strings.ReplaceAll(content, "\r\n", "\n"))
	if content == "" || !text.Readable(strings.ReplaceAll(content, "\n", " "), MaxText) {
		return "", errs.InvalidFields([]errs.Field{errs.Wrong("text", "invalid", "A note has 1 to 2,000 characters. Line breaks are allowed.")})
	}
	return content, nil
}

// EraseMembers deletes the notes on members, and their names in notes on others,
// in the caller's transaction. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	ids, err := idsOfMembers(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, nil, ids); err != nil {
		return err
	}
	if err := deleteOfMembers(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	return eraseAuthors(ctx, tx, communityID, refs)
}
