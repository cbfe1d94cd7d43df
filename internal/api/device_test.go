package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/app/apptest"
)

// floodLogins uses up the limit of an address.
func floodLogins(t *testing.T, a *apptest.App, most int) {
	t.Helper()
	for n := range most {
		if res := login(t, a, "nobody"+strconv.Itoa(n), "wrong password!"); res.status != 401 {
			t.Fatalf("%d %s", res.status, res.text)
		}
	}
	if res := login(t, a, "nobody", "wrong password!"); res.status != 429 {
		t.Fatalf("the limit is not reached: %d %s", res.status, res.text)
	}
}

func TestSignInMakesADeviceKnown(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		if _, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "ada@example.com", Username: "ada", Password: secretPhrase}); err != nil {
			t.Fatal(err)
		}
		if res := login(t, a, "ada", "wrong password!"); res.header.Get("Set-Cookie") != "" {
			t.Errorf("a failed login: %v", res.header)
		}
		res := login(t, a, "ada", secretPhrase)
		cookie, err := http.ParseSetCookie(res.header.Get("Set-Cookie"))
		if err != nil || cookie.Name != "regulars_device" || cookie.Path != "/" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != int(throttle.KnownClientLifetime.Seconds()) {
			t.Fatalf("%v %v", res.header, err)
		}
		session, _ := res.at("data.token").(string)
		device := []string{"Cookie", cookie.Name + "=" + cookie.Value}
		again := login(t, a, "ada", secretPhrase, device...)
		if kept, err := http.ParseSetCookie(again.header.Get("Set-Cookie")); err != nil || kept.Value != cookie.Value {
			t.Errorf("a known device gets another cookie: %v %v", again.header, err)
		}
		floodLogins(t, a, 3)
		if res := login(t, a, "ada", secretPhrase, device...); res.status != 200 {
			t.Errorf("from the known device: %d %s", res.status, res.text)
		}
		if res := login(t, a, "ada", secretPhrase); res.status != 429 {
			t.Errorf("without the cookie: %d %s", res.status, res.text)
		}
		change := jsonOf(t, map[string]any{"currentPassword": secretPhrase, "newPassword": "green pig under 3 trees"})
		if res := send(t, a, "POST", "/v1/auth/change-password", session, change); res.status != 200 {
			t.Errorf("a person that is signed in: %d %s", res.status, res.text)
		}
		for n := range 5 {
			res := send(t, a, "PUT", "/v1/auth/me", session, `{"email":"other`+strconv.Itoa(n)+`@example.com"}`)
			if limited := res.status == 429; limited != (n == 4) {
				t.Errorf("attempt %d of the account: %d %s", n, res.status, res.text)
			}
		}
		if res := send(t, a, "PUT", "/v1/auth/me", session, `{}`, device...); res.status != 429 {
			t.Errorf("a device that the new password made unknown: %d %s", res.status, res.text)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 5 }), apptest.WithStoppedClock())
}
