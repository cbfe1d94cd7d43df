package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// createServer makes a community as the person whose token it is.
func createServer(t *testing.T, a *apptest.App, token, name string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/servers", token, `{"name":"`+name+`"}`)
	serverID, _ := res.at("data._id").(string)
	if res.status != 201 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return serverID
}

func TestWhoMakesACommunityOwnsIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		ada, token := a.Owner(t, a.Community(t), "ada")
		made := send(t, a, "POST", "/v1/servers", token, `{"name":" Rovers ","languages":["de","en"],"timeZone":"Europe/Berlin",
			"currencies":{"coins":{"name":"Taler","icon":"🪙"}}}`)
		serverID, _ := made.at("data._id").(string)
		want := map[string]any{
			"_id": serverID, "communityId": serverID, "name": "Rovers", "logo": "", "colors": map[string]any{"accent": "#4f46e5"},
			"languages": []any{"de", "en"}, "timeZone": "Europe/Berlin", "openBulkImport": false,
			"joiningRequirements": map[string]any{"policy": "invite"}, "allowedFrameOrigins": []any{},
			"currencies":  map[string]any{"coins": map[string]any{"name": "Taler", "icon": "🪙"}, "premium": map[string]any{"name": "Gems"}},
			"memberCount": 1.0, "owner": map[string]any{"_id": ada.ID, "userId": float64(ada.Number), "username": "ada"},
			"createdAt": made.at("data.createdAt"), "updatedAt": made.at("data.updatedAt"),
		}
		if d := cmp.Diff(want, made.at("data")); made.status != 201 || d != "" {
			t.Fatalf("%d %s", made.status, d)
		}
		if got := send(t, a, "GET", "/v1/servers/"+serverID, token, ""); cmp.Diff(made.at("data"), got.at("data")) != "" {
			t.Errorf("read as %d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", "/v1/servers", token, ""); got.status != 200 || got.at("data.1._id") != serverID || got.at("data.0._id") == serverID {
			t.Errorf("listed as %d %s", got.status, got.text)
		}
		changed := send(t, a, "PUT", "/v1/servers/"+serverID, token, `{"name":"Rangers","colors":{"accent":"#AA0011"},"joiningRequirements":{"policy":"open","requiredFields":["country"]}}`)
		if changed.status != 200 || changed.at("data.name") != "Rangers" || changed.at("data.colors.accent") != "#aa0011" ||
			changed.at("data.joiningRequirements.requiredFields.0") != "country" || changed.at("data.timeZone") != "Europe/Berlin" {
			t.Errorf("%d %s", changed.status, changed.text)
		}
	})
}

func TestSettingsOfACommunityAreChecked(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, token := a.Owner(t, a.Community(t), "ada")
		serverID := createServer(t, a, token, "Rovers")
		for name, c := range map[string]struct{ body, field string }{
			"no name":           {`{"name":" "}`, "name"},
			"a colour's name":   {`{"colors":{"accent":"red"}}`, "accent"},
			"no such zone":      {`{"timeZone":"Mars/Olympus"}`, "timeZone"},
			"no language":       {`{"languages":["en","??"]}`, "languages"},
			"no picture":        {`{"logo":"x"}`, "logo"},
			"an unknown field":  {`{"joiningRequirements":{"requiredFields":["shoe-size"]}}`, "joiningRequirements.requiredFields"},
			"what nobody types": {`{"joiningRequirements":{"requiredFields":["role"]}}`, "joiningRequirements.requiredFields"},
			"another policy":    {`{"joiningRequirements":{"policy":"maybe"}}`, "joiningRequirements.policy"},
			"a long currency":   {`{"currencies":{"coins":{"name":"0123456789012345678901234567890"}}}`, "currencies.coins"},
			"markup as icon":    {`{"currencies":{"premium":{"name":"Gems","icon":"<b>"}}}`, "currencies.premium"},
			"unknown":           {`{"shape":"round"}`, "shape"},
		} {
			got := send(t, a, "PUT", "/v1/servers/"+serverID, token, c.body)
			if d := cmp.Diff([]string{c.field}, got.fields()); got.status != 400 || d != "" {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
	})
}
