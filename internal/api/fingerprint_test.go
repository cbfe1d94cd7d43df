package api_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestIdempotencyKeyStoresNothingOfAPassword(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		create := func(once, password string) string {
			body := newUserBody("ada", `,"password":"`+password+`","confirmPassword":"`+password+`"`)
			res := send(t, a, "POST", "/v1/users", key, body, "Idempotency-Key", once)
			return res.code()
		}
		if code := create("one", "blue cow over 9 hills"); code != "" {
			t.Fatal(code)
		}
		if code := create("one", "pink hen under 8 hens"); code != "" {
			t.Errorf("another password of the same length is told apart: %s", code)
		}
		if code := create("one", "blue cow over 99 hills"); code != "idempotency_mismatch" {
			t.Errorf("a longer one: %q", code)
		}
		var kept int
		err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM idempotency_keys WHERE key = 'one'").Scan(&kept)
		if err != nil || kept != 1 {
			t.Errorf("%d records (%v)", kept, err)
		}
	})
}

func TestUserKeyIsLimitedToItsPermissions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		boss, owner := a.Owner(t, home, "boss")
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 9, 9))); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			permission       string
			picture, channel int
		}{{"getMessages", 403, 200}, {"sendMessage", 403, 200}, {"manageUser", 201, 403}} {
			made := send(t, a, "POST", "/v1/users/"+boss.ID+"/api-keys", owner, `{"name":"Bot","permissions":["`+c.permission+`"]}`)
			bot, _ := made.at("data.key").(string)
			if status, answer := a.Upload(t, "/v1/users/avatar", bot, "me.png", picture.Bytes(), nil); status != c.picture {
				t.Errorf("the picture with %s: %d %v", c.permission, status, answer)
			}
			if res := send(t, a, "GET", "/v1/servers/"+home+"/channels", bot, ""); res.status != c.channel {
				t.Errorf("the channels with %s: %d %s", c.permission, res.status, res.text)
			}
		}
	})
}
