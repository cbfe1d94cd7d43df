package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

func (c *console) showKeys(v *visit) error { return c.renderKeys(v, http.StatusOK, "", "") }

func (c *console) renderKeys(v *visit, status int, newName, newKey string) error {
	p, err := c.page(v, "API keys", "api-keys", "What programs may do in this community.")
	if err != nil {
		return err
	}
	keys, err := c.Access.Keys(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := KeysView{Page: p, NewName: newName, NewKey: newKey}
	for _, k := range keys {
		view.Keys = append(view.Keys, c.keyRow(k))
	}
	return render(v, status, KeysPage(view))
}

func (c *console) keyRow(k access.Key) KeyRow {
	row := KeyRow{
		ID: k.ID, Name: k.Name, Hint: k.Hint, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, UsedAt: k.UsedAt,
		Expired: k.ExpiresAt > 0 && k.ExpiresAt <= c.Clock.MS(), Off: !k.Active, Idle: k.DisabledReason,
	}
	for _, permission := range k.Permissions {
		row.Permissions = append(row.Permissions, string(permission))
	}
	return row
}

func (c *console) showNewKey(v *visit) error {
	p, err := c.page(v, "New API key", "api-keys", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, NewKeyPage(NewKeyView{Page: p, Days: 365}))
}

func (c *console) createKey(v *visit) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil {
		days = -1 // refused, with a reason that fits
	}
	view := NewKeyView{Name: v.PostFormValue("name"), Days: days, Chosen: chosen(v)}
	in := access.KeyInput{Name: view.Name, Permissions: permissionsOf(v), ExpirePeriod: days}
	key, secret, err := c.Access.CreateKey(v.Context(), v.actor, v.community.ID, in)
	if err == nil {
		v.w.Header().Set("Cache-Control", "no-store")
		return c.renderKeys(v, http.StatusCreated, key.Name, secret)
	}
	view.Errors = wrongFields(v.Context(), err)
	if view.Page, view.Alert, err = c.again(v, "New API key", "api-keys", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{}
	}
	return render(v, http.StatusBadRequest, NewKeyPage(view))
}

// permissionsOf are the permissions that a form chooses, chosen the same as a
// set.
func permissionsOf(v *visit) []actor.Permission {
	list := []actor.Permission{}
	for _, name := range v.PostForm["permissions"] {
		list = append(list, actor.Permission(name))
	}
	return list
}

func chosen(v *visit) map[string]bool {
	set := map[string]bool{}
	for _, name := range v.PostForm["permissions"] {
		set[name] = true
	}
	return set
}

func (c *console) showKey(v *visit) error {
	key, err := c.Access.Key(v.Context(), v.community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	view := c.keyView(key, v.in("/api-keys"), communityPermissions)
	if view.Page, err = c.page(v, key.Name, "api-keys", ""); err != nil {
		return err
	}
	return render(v, http.StatusOK, KeyPage(view))
}

// keyView is the form of a key as it is; back is the page that lists it.
func (c *console) keyView(key access.Key, back string, offered []keyPermission) KeyView {
	view := KeyView{Key: c.keyRow(key), Name: key.Name, Ends: keepEnd, On: key.Active, OldUntil: key.OldUntil, Chosen: map[string]bool{}, Offered: slices.Clone(offered), Back: back}
	for _, p := range view.Key.Permissions {
		view.Chosen[p] = true
		if permissionName(p) == p { // made by a program, for what has no words here yet
			view.Offered = append(view.Offered, keyPermission{Value: p, Label: p})
		}
	}
	return view
}

func (c *console) changeKey(v *visit) error {
	key, err := c.Access.Key(v.Context(), v.community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	view := c.keyView(key, v.in("/api-keys"), communityPermissions)
	change := view.read(v)
	if _, err = c.Access.UpdateKey(v.Context(), v.actor, v.community.ID, key.ID, change); err == nil {
		return v.goTo(v.in("/api-keys"), i18n.Key("The key is changed"))
	}
	view.Errors = wrongFields(v.Context(), err)
	if view.Page, view.Alert, err = c.again(v, key.Name, "api-keys", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{}
	}
	return render(v, http.StatusBadRequest, KeyPage(view))
}

// read takes what was typed into the form, and returns what it changes.
func (k *KeyView) read(v *visit) access.KeyChange {
	k.Name, k.Ends, k.On, k.Chosen = v.PostFormValue("name"), v.PostFormValue("ends"), v.PostFormValue("on") == "true", chosen(v)
	change := access.KeyChange{Name: &k.Name, Permissions: permissionsOf(v), Active: &k.On}
	if k.Ends != keepEnd {
		days, err := strconv.Atoi(k.Ends)
		if err != nil {
			days = -1 // refused, with a reason that fits
		}
		change.ExpirePeriod = &days
	}
	return change
}

// rotateKey shows the new secret of a key, this one time.
func (c *console) rotateKey(v *visit) error {
	hours, err := strconv.Atoi(v.PostFormValue("hours"))
	if err != nil {
		hours = -1 // rejected with the reason
	}
	key, err := c.Access.Key(v.Context(), v.community.ID, v.PathValue("key"))
	if err != nil {
		return err
	}
	rotated, secret, err := c.Access.RotateKey(v.Context(), v.actor, v.community.ID, key.ID, time.Duration(hours)*time.Hour)
	if err == nil {
		view := c.keyView(rotated, v.in("/api-keys"), communityPermissions)
		view.NewKey = secret
		if view.Page, err = c.page(v, rotated.Name, "api-keys", ""); err != nil {
			return err
		}
		v.w.Header().Set("Cache-Control", "no-store")
		return render(v, http.StatusCreated, KeyPage(view))
	}
	view := c.keyView(key, v.in("/api-keys"), communityPermissions)
	view.Errors = wrongFields(v.Context(), err)
	if view.Page, view.Alert, err = c.again(v, key.Name, "api-keys", err); err != nil {
		return err
	}
	return render(v, http.StatusBadRequest, KeyPage(view))
}

// takeKeyOver makes the visitor the one who stands behind a key.
func (c *console) takeKeyOver(v *visit) error {
	keyID := v.PathValue("key")
	if _, err := c.Access.UpdateKey(v.Context(), v.actor, v.community.ID, keyID, access.KeyChange{Transfer: true}); err != nil {
		return err
	}
	return v.goTo(v.in("/api-keys/"+keyID), i18n.Key("The key is yours now"))
}

func (c *console) deleteKey(v *visit) error {
	err := c.Access.DeleteKey(v.Context(), v.community.ID, v.PathValue("key"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // gone is what was asked for
		return err
	}
	return v.goTo(v.in("/api-keys"), "The key is deleted")
}
