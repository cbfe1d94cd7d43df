package member

import (
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// notesShown is the number of notes on a page.
const notesShown = 20

// addNotes adds a part of the notes on a member if the reader may see them; the
// parameter notes is its cursor.
func (h *handlers) addNotes(v *ui.Request, view *ProfileView) error {
	if h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Warn) != nil {
		return nil
	}
	found, next, err := h.Notes.List(v.Context(), v.Actor, v.Community.ID, view.ID, v.URL.Query().Get("notes"), notesShown)
	if errs.Is(err, "not_yourself") {
		return nil
	}
	if err != nil {
		return err
	}
	all := h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.ManageUser) == nil
	view.ShowsNotes = true
	if next != "" {
		view.OlderNotes = v.In("/members/" + view.ID + "?notes=" + next + "#notes")
	}
	for _, n := range found {
		view.Notes = append(view.Notes, NoteView{ID: n.ID, Text: n.Text, Author: n.ActorName, At: n.UpdatedAt, Version: n.Version, MayChange: all || n.Actor == v.Actor.Ref()})
	}
	return nil
}

func (h *handlers) createNote(v *ui.Request) error {
	_, err := h.Notes.Create(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"), v.PostFormValue("text"))
	if err != nil {
		return h.renderProfile(v, refusedValue{}, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")), i18n.Key("Note added"))
}

func (h *handlers) updateNote(v *ui.Request) error {
	version, err := strconv.ParseInt(v.PostFormValue("version"), 10, 64)
	if err != nil {
		version = 0
	}
	if _, err := h.Notes.Update(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"), v.PathValue("note"), v.PostFormValue("text"), version); err != nil {
		return h.renderProfile(v, refusedValue{}, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")), i18n.Key("Note updated"))
}

func (h *handlers) deleteNote(v *ui.Request) error {
	if err := h.Notes.Delete(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"), v.PathValue("note")); err != nil {
		return h.renderProfile(v, refusedValue{}, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")), i18n.Key("Note deleted"))
}
