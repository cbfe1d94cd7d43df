package uitest_test

import (
	"slices"
	"testing"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/ui"
	uikey "github.com/regulars/regulars/internal/ui/key"
)

// keyFixtures are the pages of one key, as it is and refused.
func keyFixtures() map[string]templ.Component {
	page := fixturePage("Nightly import of the members of our three harbours", "api-keys", "")
	rows := fixtureKeys().Keys
	withUnknownPermission := rows[1]
	withUnknownPermission.Permissions = append(slices.Clone(rows[1].Permissions), "games")
	used := uikey.View{
		Page: page, Key: withUnknownPermission, Name: rows[1].Name, Ends: uikey.KeepEnd, On: true,
		Chosen: map[string]bool{"getUserData": true, "games": true},
	}
	wrong := uikey.View{Page: page, Key: rows[0], Ends: "30", Errors: map[string]string{
		"name": "A name has 1 to 100 characters, none of them a control character.", "permissions": "A key has at least one permission.",
	}}
	refused := used
	refused.Alert = ui.Alert{Message: "You cannot give the permission \"games\": your roles lack it.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	own := used
	own.Page, own.Back, own.Ends = fixtureAccount(ui.OwnKeysPath), ui.OwnKeysPath, "90"
	own.Channels = []uikey.CommunityChannels{
		{Community: "Harbour Runners", Channels: []uikey.Channel{{ID: "1", Name: "announcements", Chosen: false}, {ID: "2", Name: "a-channel-with-a-rather-long-name-that-somebody-chose", Chosen: true}}},
		{Community: "Channels that you do not see", Channels: []uikey.Channel{{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "6a21d1c09f3b0c4d5e6f7a8b", Chosen: true}}},
	}
	idle := used
	idle.Key = rows[3]
	return map[string]templ.Component{"api-key-idle": uikey.KeyPage(idle), "own-key": uikey.OwnKeyPage(own), "api-key": uikey.KeyPage(used), "api-key-wrong": uikey.KeyPage(wrong), "api-key-refused": uikey.KeyPage(refused), "api-keys": uikey.KeysPage(fixtureKeys())}
}

func TestKeyPagesAreAccessible(t *testing.T) { checkGallery(t, keyFixtures()) }
