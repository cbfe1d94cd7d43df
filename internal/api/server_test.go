package api_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/media"
)

// createServer creates a community with a token.
func createServer(t *testing.T, a *apptest.App, token, name string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/servers", token, `{"name":"`+name+`"}`)
	serverID, _ := res.at("data._id").(string)
	if res.status != 201 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return serverID
}

func TestCreatorOwnsTheCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		ada, token := a.Owner(t, a.Community(t), "ada")
		made := send(t, a, "POST", "/v1/servers", token, `{"name":" Rovers ","languages":["de","en"],"timeZone":"Europe/Berlin","defaultCountry":"de",
			"currencies":{"coins":{"name":"Taler","icon":"🪙","expiry":{"days":90,"roundTo":"month_end"}}},"refundLotDays":10}`)
		serverID, _ := made.at("data._id").(string)
		want := map[string]any{
			"_id": serverID, "communityId": serverID, "name": "Rovers", "logo": "", "colors": map[string]any{"accent": "#4f46e5"},
			"languages": []any{"de", "en"}, "timeZone": "Europe/Berlin", "defaultCountry": "DE", "openBulkImport": false,
			"joiningRequirements": map[string]any{"policy": "invite"}, "allowedFrameOrigins": []any{},
			"bannedWords": []any{}, "alertWords": []any{}, "editWindow": 0.0, "erasureOfMessages": "anonymise",
			"currencies": map[string]any{
				"coins":   map[string]any{"name": "Taler", "icon": "🪙", "expiry": map[string]any{"days": 90.0, "roundTo": "month_end"}},
				"premium": map[string]any{"name": "Gems", "expiry": map[string]any{"days": 0.0, "roundTo": "none"}},
			},
			"refundLotDays": 10.0,
			"memberCount":   1.0, "owner": map[string]any{"_id": ada.ID, "userId": float64(ada.Number), "username": "ada"},
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
		changed := send(t, a, "PUT", "/v1/servers/"+serverID, token, `{"name":"Rangers","colors":{"accent":"#AA0011"},"joiningRequirements":{"policy":"open","requiredFields":["country"]},"currencies":{"coins":{"name":"Crowns"}}}`)
		if changed.status != 200 || changed.at("data.name") != "Rangers" || changed.at("data.colors.accent") != "#aa0011" ||
			changed.at("data.joiningRequirements.requiredFields.0") != "country" || changed.at("data.timeZone") != "Europe/Berlin" ||
			changed.at("data.currencies.coins.name") != "Crowns" || changed.at("data.currencies.coins.expiry.days") != 90.0 {
			t.Errorf("%d %s", changed.status, changed.text)
		}
	})
}

func TestSettingsOfACommunityAreValidated(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, token := a.Owner(t, a.Community(t), "ada")
		serverID := createServer(t, a, token, "Rovers")
		for name, c := range map[string]struct{ body, field string }{
			"no name":           {`{"name":" "}`, "name"},
			"a colour's name":   {`{"colors":{"accent":"red"}}`, "accent"},
			"no such zone":      {`{"timeZone":"Mars/Olympus"}`, "timeZone"},
			"no country":        {`{"defaultCountry":"XX"}`, "defaultCountry"},
			"an older code":     {`{"defaultCountry":"UK"}`, "defaultCountry"},
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

func TestLogoIsUploadedReplacedAndRemoved(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		a.Owner(t, here, "boss")
		key, at := a.Key(t, here), "/v1/servers/"+here
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 9, 9))); err != nil {
			t.Fatal(err)
		}
		put := func(token string, content []byte, fields map[string]string) (int, map[string]any) {
			status, answer := a.Upload(t, at+"/logo", token, "logo.png", content, fields)
			data, _ := answer["data"].(map[string]any)
			return status, data
		}
		look := func(made map[string]any) int { return send(t, a, "GET", made["address"].(string), "", "").status }
		shown := func() any { return send(t, a, "GET", at, key, "").at("data.logo") }
		status, first := put(key, picture.Bytes(), nil)
		if status != 201 || look(first) != 200 || shown() != first["logo"] || first["type"] != "image/png" || first["width"] != 9.0 {
			t.Fatalf("%d %v", status, first)
		}
		if status, second := put(key, picture.Bytes(), nil); status != 201 || look(second) != 200 || look(first) != 404 || shown() != second["logo"] {
			t.Errorf("a second one: %d", status)
		}
		for name, row := range map[string]struct {
			token   string
			content []byte
			fields  map[string]string
			status  int
		}{
			"a drawing":                  {key, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), nil, 415},
			"half of it":                 {key, picture.Bytes()[:picture.Len()/2], nil, 400},
			"too much":                   {key, make([]byte, media.MaxBytes+1), nil, 413},
			"what does not exist":        {key, picture.Bytes(), map[string]string{"user": "ada"}, 400},
			"of another community":       {key, picture.Bytes(), map[string]string{"communityId": a.Community(t)}, 403},
			"a key for something else":   {a.Key(t, here, permission.GetUserData), picture.Bytes(), nil, 403},
			"a key of another community": {a.Key(t, a.Community(t)), picture.Bytes(), nil, 403},
			"nobody":                     {"", picture.Bytes(), nil, 401},
		} {
			if status, answer := put(row.token, row.content, row.fields); status != row.status {
				t.Errorf("%s: %d %v", name, status, answer)
			}
		}
		for range 2 {
			if res := send(t, a, "DELETE", at+"/logo", key, ""); res.status != 200 || res.at("data.logo") != "" {
				t.Errorf("%d %s", res.status, res.text)
			}
		}
		if res := send(t, a, "DELETE", at+"/logo", a.Key(t, here, permission.GetUserData), ""); res.status != 403 {
			t.Errorf("removed by another key: %d", res.status)
		}
	})
}
