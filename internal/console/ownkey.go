package console

import (
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

func (c *console) showOwnKey(v *visit) error {
	view, err := c.ownKeyView(v)
	if err != nil {
		return err
	}
	return c.renderOwnKey(v, nil, view)
}

func (c *console) changeOwnKey(v *visit) error {
	view, err := c.ownKeyView(v)
	if err != nil {
		return err
	}
	change := view.read(v)
	change.Channels = append([]string{}, v.PostForm["channels"]...)
	view.keepTo(change.Channels)
	if _, err := c.Access.UpdateUserKey(v.Context(), v.actor, view.Key.ID, change); err != nil {
		return c.renderOwnKey(v, err, view)
	}
	return v.goTo(ownKeysPath, i18n.Key("The key is changed"))
}

func (c *console) renderOwnKey(v *visit, cause error, view KeyView) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = c.accountPage(v, ownKeysPath); err != nil {
		return err
	}
	if view.Errors = wrongFields(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return render(v, status, OwnKeyPage(view))
}

// ownKeyView is the form of a key of the person as it is.
func (c *console) ownKeyView(v *visit) (KeyView, error) {
	key, err := c.Access.UserKey(v.Context(), v.actor.AccountID, v.PathValue("key"))
	if err != nil {
		return KeyView{}, err
	}
	view := c.keyView(key, ownKeysPath, keyPermissions)
	view.Channels, err = c.keyChannels(v, key.Channels)
	view.keepTo(key.Channels)
	return view, err
}

// keyChannels are the channels that the person sees, by community, and those
// that the key has beside them: they are there again when they are seen again.
func (c *console) keyChannels(v *visit, kept []string) ([]keyChannels, error) {
	communities, err := c.communitiesOf(v.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	var places []keyChannels
	hidden := slices.Clone(kept)
	for _, home := range communities {
		channels, err := c.Chat.Channels(v.Context(), v.actor, home.ID)
		if errs.KindOf(err) == errs.Forbidden { // suspended there
			continue
		}
		if err != nil {
			return nil, err
		}
		place := keyChannels{Community: home.Name}
		for _, ch := range channels {
			place.Channels = append(place.Channels, keyChannel{ID: ch.ID, Name: ch.Topic})
			hidden = slices.DeleteFunc(hidden, func(id string) bool { return id == ch.ID })
		}
		if len(place.Channels) > 0 {
			places = append(places, place)
		}
	}
	if len(hidden) == 0 {
		return places, nil
	}
	rest := keyChannels{Community: v.T("Channels that you do not see")}
	for _, channelID := range hidden {
		rest.Channels = append(rest.Channels, keyChannel{ID: channelID, Name: channelID})
	}
	return append(places, rest), nil
}

// keepTo marks the channels that were chosen.
func (k *KeyView) keepTo(channelIDs []string) {
	for _, home := range k.Channels {
		for i := range home.Channels {
			home.Channels[i].Chosen = slices.Contains(channelIDs, home.Channels[i].ID)
		}
	}
}
