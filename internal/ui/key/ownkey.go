package key

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showOwnKeys(v *ui.Request) error {
	return h.renderOwnKeys(v, nil, OwnKeysView{Days: 365})
}

func (h *handlers) renderOwnKeys(v *ui.Request, cause error, view OwnKeysView) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = h.AccountPage(v, ui.OwnKeysPath); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	if view.NewKey != "" {
		status = http.StatusCreated
	}
	if view.Methods, err = h.Accounts.Methods(v.Context(), v.Actor); err != nil {
		return err
	}
	keys, err := h.Access.UserKeys(v.Context(), v.Actor)
	if err != nil {
		return err
	}
	for _, k := range keys {
		view.Keys = append(view.Keys, h.keyRow(k))
	}
	return ui.Render(v, status, OwnKeysPage(view))
}

func (h *handlers) createOwnKey(v *ui.Request) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil {
		days = -1 // refused, with a reason that fits
	}
	view := OwnKeysView{Name: v.PostFormValue("name"), Days: days, Chosen: map[string]bool{}}
	in := access.KeyInput{Name: view.Name, ExpirePeriod: days}
	for _, chosen := range v.PostForm["permissions"] {
		view.Chosen[chosen] = true
		in.Permissions = append(in.Permissions, actor.Permission(chosen))
	}
	key, secret, err := h.Access.CreateUserKey(v.Context(), v.Actor, ui.ReadProof(v), in)
	if err != nil {
		return h.renderOwnKeys(v, err, view)
	}
	return h.renderOwnKeys(v, nil, OwnKeysView{Days: 365, NewName: key.Name, NewKey: secret})
}

func (h *handlers) deleteOwnKey(v *ui.Request) error {
	err := h.Access.DeleteUserKey(v.Context(), v.Actor, v.PathValue("key"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // already deleted
		return err
	}
	return v.Redirect(ui.OwnKeysPath, i18n.Key("Key deleted"))
}

// OwnKeysView is the list of personal keys, with a new one.
type OwnKeysView struct {
	ui.Page
	signin.Methods
	Keys            []KeyRow
	NewName, NewKey string // the secret, this one time
	Name            string
	Days            int
	Chosen          map[string]bool
	Errors          map[string]string
}

func (h *handlers) showOwnKey(v *ui.Request) error {
	view, err := h.ownKeyView(v)
	if err != nil {
		return err
	}
	return h.renderOwnKey(v, nil, view)
}

func (h *handlers) changeOwnKey(v *ui.Request) error {
	view, err := h.ownKeyView(v)
	if err != nil {
		return err
	}
	change := view.read(v)
	change.Channels = append([]string{}, v.PostForm["channels"]...)
	view.selectChannels(change.Channels)
	if _, err := h.Access.UpdateUserKey(v.Context(), v.Actor, view.Key.ID, change); err != nil {
		return h.renderOwnKey(v, err, view)
	}
	return v.Redirect(ui.OwnKeysPath, i18n.Key("Key updated"))
}

func (h *handlers) renderOwnKey(v *ui.Request, cause error, view View) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = h.AccountPage(v, ui.OwnKeysPath); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return ui.Render(v, status, OwnKeyPage(view))
}

// ownKeyView is the form of a key of the person as it is.
func (h *handlers) ownKeyView(v *ui.Request) (View, error) {
	key, err := h.Access.UserKey(v.Context(), v.Actor, v.PathValue("key"))
	if err != nil {
		return View{}, err
	}
	view := h.keyView(key, ui.OwnKeysPath)
	view.Channels, err = h.keyChannels(v, key.Channels)
	view.selectChannels(key.Channels)
	return view, err
}

// keyChannels are the channels that the person sees, by community, and those
// that the key has beside them: they are there again when they are seen again.
func (h *handlers) keyChannels(v *ui.Request, kept []string) ([]CommunityChannels, error) {
	communities, err := h.CommunitiesOf(v.Context(), v.Actor)
	if err != nil {
		return nil, err
	}
	var places []CommunityChannels
	hidden := slices.Clone(kept)
	for _, home := range communities {
		channels, err := h.Chat.Channels(v.Context(), v.Actor, home.ID)
		if errs.KindOf(err) == errs.Forbidden { // suspended there
			continue
		}
		if err != nil {
			return nil, err
		}
		place := CommunityChannels{Community: home.Name}
		for _, ch := range channels {
			place.Channels = append(place.Channels, Channel{ID: ch.ID, Name: ch.Topic})
			hidden = slices.DeleteFunc(hidden, func(id string) bool { return id == ch.ID })
		}
		if len(place.Channels) > 0 {
			places = append(places, place)
		}
	}
	if len(hidden) == 0 {
		return places, nil
	}
	rest := CommunityChannels{Community: v.T("Channels that you do not see")}
	for _, channelID := range hidden {
		rest.Channels = append(rest.Channels, Channel{ID: channelID, Name: channelID})
	}
	return append(places, rest), nil
}

// selectChannels marks the channels that were chosen.
func (k *View) selectChannels(channelIDs []string) {
	for _, home := range k.Channels {
		for i := range home.Channels {
			home.Channels[i].Chosen = slices.Contains(channelIDs, home.Channels[i].ID)
		}
	}
}
