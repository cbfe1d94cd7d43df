package console

import (
	"testing"

	"github.com/a-h/templ"
)

// keyFixtures are the pages of one key, as it is and refused.
func keyFixtures() map[string]templ.Component {
	page := fixturePage("Nightly import of the members of our three harbours", "api-keys", "")
	rows := fixtureKeys().Keys
	used := KeyView{
		Page: page, Key: rows[1], Name: rows[1].Name, Ends: keepEnd, On: true,
		Offered: append([]keyPermission{{Value: "games", Label: "games"}}, communityPermissions...),
		Chosen:  map[string]bool{"getUserData": true, "games": true},
	}
	wrong := KeyView{Page: page, Key: rows[0], Ends: "30", Offered: communityPermissions, Errors: map[string]string{
		"name": "A name has 1 to 100 characters, none of them a control character.", "permissions": "A key has at least one permission.",
	}}
	refused := used
	refused.Alert = Alert{Message: "You cannot give the permission \"games\": your roles lack it.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	own := used
	own.Page, own.Back, own.Offered, own.Ends = fixtureAccount(ownKeysPath), ownKeysPath, keyPermissions, "90"
	own.Channels = []keyChannels{
		{"Harbour Runners", []keyChannel{{"1", "announcements", false}, {"2", "a-channel-with-a-rather-long-name-that-somebody-chose", true}}},
		{"Channels that you do not see", []keyChannel{{"6a21d1c09f3b0c4d5e6f7a8b", "6a21d1c09f3b0c4d5e6f7a8b", true}}},
	}
	idle := used
	idle.Key = rows[3]
	return map[string]templ.Component{"api-key-idle": KeyPage(idle), "own-key": OwnKeyPage(own), "api-key": KeyPage(used), "api-key-wrong": KeyPage(wrong), "api-key-refused": KeyPage(refused), "api-keys": KeysPage(fixtureKeys())}
}

func TestThePagesOfKeysAreAccessible(t *testing.T) { checkGallery(t, keyFixtures()) }
