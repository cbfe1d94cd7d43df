// Package note has the operations of private notes on members.
package note

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/note"
)

// handlers serve the operations.
type handlers struct{ notes *note.Notes }

// New returns the area.
func New(notes *note.Notes) api.Area {
	h := &handlers{notes}
	return api.Area{Tag: "Users", Routes: h.routes}
}

var manageNotes = []actor.Permission{permission.Warn}

func (h *handlers) routes(g *api.Group) {
	const list, one = "/v1/communities/{communityId}/users/{userId}/notes", "/v1/communities/{communityId}/users/{userId}/notes/{noteId}"
	api.Add(g, api.Route{
		Method: "GET", Path: list, ID: "listUserNotes", Summary: "List notes on a user", Permissions: manageNotes,
		Description: "Private notes of staff, newest first. 403 `not_yourself`: nobody sees notes on themselves. 404 `user_not_found`.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: list, ID: "createUserNote", Summary: "Create a note on a user", Permissions: manageNotes, Traits: api.Created,
		Description: "`text` has 1 to 2,000 characters; line breaks are allowed. 409 `too_many_notes`: a member has at most 500.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateUserNote", Summary: "Update a note", Permissions: manageNotes,
		Description: "For the author, administrators and keys. 403 `not_your_note`, 404 `note_not_found`, 409 `stale_version` if `version` is not the current one.",
	}, h.update)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteUserNote", Summary: "Delete a note", Permissions: manageNotes,
		Description: "For the author, administrators and keys. 403 `not_your_note`, 404 `note_not_found`.",
	}, h.delete)
}

type userNote struct {
	ID        string     `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID    string     `json:"userId" doc:"The _id of the user that the note is on."`
	Text      string     `json:"text" example:"Called about the refund."`
	Author    noteAuthor `json:"author"`
	Version   int64      `json:"version" doc:"Incremented by each update, from 1."`
	CreatedAt string     `json:"createdAt" format:"date-time"`
	UpdatedAt string     `json:"updatedAt" format:"date-time"`
}

type noteAuthor struct {
	Ref  string `json:"ref" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	Name string `json:"name" example:"ada" doc:"The name at that time; empty after erasure."`
}

func noteView(n note.Note) userNote {
	return userNote{
		ID: n.ID, UserID: n.UserID, Text: n.Text, Author: noteAuthor{n.Actor, n.ActorName}, Version: n.Version,
		CreatedAt: clock.Format(n.CreatedAt), UpdatedAt: clock.Format(n.UpdatedAt),
	}
}

type notesQuery struct {
	wire.CommunityPath
	wire.UserPath
	wire.CursorInput
}

type newNote struct {
	wire.CommunityPath
	wire.UserPath
	Body struct {
		Text string `json:"text" example:"Called about the refund." doc:"1 to 2,000 characters; line breaks are allowed."`
	} `nameHint:"NewUserNote"`
}

type notePath struct {
	wire.CommunityPath
	wire.UserPath
	NoteID string `path:"noteId" doc:"The _id of the note."`
}

type noteChange struct {
	wire.CommunityPath
	wire.UserPath
	NoteID string `path:"noteId" doc:"The _id of the note."`
	Body   struct {
		Text    string `json:"text" doc:"1 to 2,000 characters; line breaks are allowed."`
		Version int64  `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"UserNoteChange"`
}

func (h *handlers) list(ctx context.Context, in *notesQuery) (*api.List[userNote, wire.Cursor], error) {
	found, next, err := h.notes.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Notes on the user", api.Convert(found, noteView), wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) create(ctx context.Context, in *newNote) (*api.Answer[userNote], error) {
	created, err := h.notes.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.Body.Text)
	if err != nil {
		return nil, err
	}
	return api.Respond("Note created", noteView(created)), nil
}

func (h *handlers) update(ctx context.Context, in *noteChange) (*api.Answer[userNote], error) {
	changed, err := h.notes.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.NoteID, in.Body.Text, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return api.Respond("Note updated", noteView(changed)), nil
}

func (h *handlers) delete(ctx context.Context, in *notePath) (*api.Answer[wire.Deleted], error) {
	if err := h.notes.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.NoteID); err != nil {
		return nil, err
	}
	return api.Respond("Note deleted", wire.Deleted{ID: in.NoteID}), nil
}
