package key

import (
	"net/http"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showKeys(v *ui.Request) error { return h.renderKeys(v, http.StatusOK, "", "") }

func (h *handlers) renderKeys(v *ui.Request, status int, newName, newKey string) error {
	p, err := h.Page(v, "API keys", "api-keys", "Access of programs to this community.")
	if err != nil {
		return err
	}
	keys, err := h.Access.Keys(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view := KeysView{Page: p, NewName: newName, NewKey: newKey}
	for _, k := range keys {
		view.Keys = append(view.Keys, h.keyRow(k))
	}
	return ui.Render(v, status, KeysPage(view))
}

func (h *handlers) keyRow(k access.Key) KeyRow {
	row := KeyRow{
		ID: k.ID, Name: k.Name, Hint: k.Hint, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, UsedAt: k.UsedAt,
		Expired: k.ExpiresAt > 0 && k.ExpiresAt <= h.Clock.MS(), Off: !k.Active, Idle: k.DisabledReason,
	}
	for _, permission := range k.Permissions {
		row.Permissions = append(row.Permissions, string(permission))
	}
	return row
}

func (h *handlers) showNewKey(v *ui.Request) error {
	p, err := h.Page(v, "New API key", "api-keys", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, NewKeyPage(NewKeyView{Page: p, Days: 365}))
}

func (h *handlers) createKey(v *ui.Request) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil {
		days = -1 // refused, with a reason that fits
	}
	view := NewKeyView{Name: v.PostFormValue("name"), Days: days, Chosen: chosen(v)}
	in := access.KeyInput{Name: view.Name, Permissions: permissionsOf(v), ExpirePeriod: days}
	key, secret, err := h.Access.CreateKey(v.Context(), v.Actor, v.Community.ID, in)
	if err == nil {
		v.W.Header().Set("Cache-Control", "no-store")
		return h.renderKeys(v, http.StatusCreated, key.Name, secret)
	}
	view.Errors = ui.FieldErrors(v.Context(), err)
	if view.Page, view.Alert, err = h.FormAgain(v, "New API key", "api-keys", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = ui.Alert{}
	}
	return ui.Render(v, http.StatusBadRequest, NewKeyPage(view))
}

// permissionsOf are the permissions that a form chooses, chosen the same as a
// set.
func permissionsOf(v *ui.Request) []actor.Permission {
	list := []actor.Permission{}
	for _, name := range v.PostForm["permissions"] {
		list = append(list, actor.Permission(name))
	}
	return list
}

func chosen(v *ui.Request) map[string]bool {
	set := map[string]bool{}
	for _, name := range v.PostForm["permissions"] {
		set[name] = true
	}
	return set
}

func (h *handlers) showKey(v *ui.Request) error {
	key, err := h.Access.Key(v.Context(), v.Actor, v.Community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	view := h.keyView(key, v.In("/api-keys"))
	if view.Page, err = h.Page(v, key.Name, "api-keys", ""); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, KeyPage(view))
}

// keyView is the form of a key as it is; back is the page that lists it.
func (h *handlers) keyView(key access.Key, back string) View {
	view := View{Key: h.keyRow(key), Name: key.Name, Ends: KeepEnd, On: key.Active, OldUntil: key.PreviousExpiresAt, Chosen: map[string]bool{}, Back: back}
	for _, p := range view.Key.Permissions {
		view.Chosen[p] = true
	}
	return view
}

func (h *handlers) changeKey(v *ui.Request) error {
	key, err := h.Access.Key(v.Context(), v.Actor, v.Community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	view := h.keyView(key, v.In("/api-keys"))
	change := view.read(v)
	if _, err = h.Access.UpdateKey(v.Context(), v.Actor, v.Community.ID, key.ID, change); err == nil {
		return v.Redirect(v.In("/api-keys"), i18n.Key("Key updated"))
	}
	view.Errors = ui.FieldErrors(v.Context(), err)
	if view.Page, view.Alert, err = h.FormAgain(v, key.Name, "api-keys", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = ui.Alert{}
	}
	return ui.Render(v, http.StatusBadRequest, KeyPage(view))
}

// read copies the form into the view and returns the change.
func (k *View) read(v *ui.Request) access.KeyChange {
	k.Name, k.Ends, k.On, k.Chosen = v.PostFormValue("name"), v.PostFormValue("ends"), v.PostFormValue("on") == "true", chosen(v)
	change := access.KeyChange{Name: &k.Name, Permissions: permissionsOf(v), Active: &k.On}
	if k.Ends != KeepEnd {
		days, err := strconv.Atoi(k.Ends)
		if err != nil {
			days = -1 // refused, with a reason that fits
		}
		change.ExpirePeriod = &days
	}
	return change
}

// rotateKey shows the new secret of a key, this one time.
func (h *handlers) rotateKey(v *ui.Request) error {
	hours, err := strconv.Atoi(v.PostFormValue("hours"))
	if err != nil {
		hours = -1 // rejected with the reason
	}
	key, err := h.Access.Key(v.Context(), v.Actor, v.Community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	rotated, secret, err := h.Access.RotateKey(v.Context(), v.Actor, v.Community.ID, key.ID, time.Duration(hours)*time.Hour)
	if err == nil {
		view := h.keyView(rotated, v.In("/api-keys"))
		view.NewKey = secret
		if view.Page, err = h.Page(v, rotated.Name, "api-keys", ""); err != nil {
			return err
		}
		v.W.Header().Set("Cache-Control", "no-store")
		return ui.Render(v, http.StatusCreated, KeyPage(view))
	}
	view := h.keyView(key, v.In("/api-keys"))
	view.Errors = ui.FieldErrors(v.Context(), err)
	if view.Page, view.Alert, err = h.FormAgain(v, key.Name, "api-keys", err); err != nil {
		return err
	}
	return ui.Render(v, http.StatusBadRequest, KeyPage(view))
}

// transferKey makes the person the owner of a key.
func (h *handlers) transferKey(v *ui.Request) error {
	keyID := v.PathValue("key")
	if _, err := h.Access.UpdateKey(v.Context(), v.Actor, v.Community.ID, keyID, access.KeyChange{Transfer: true}); err != nil {
		return err
	}
	return v.Redirect(v.In("/api-keys/"+keyID), i18n.Key("The key is yours now"))
}

func (h *handlers) deleteKey(v *ui.Request) error {
	err := h.Access.DeleteKey(v.Context(), v.Actor, v.Community.ID, v.PathValue("key"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // already deleted
		return err
	}
	return v.Redirect(v.In("/api-keys"), "Key deleted")
}
