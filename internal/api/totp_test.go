package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestTwoFactorAuthenticationIsEnabledAndDisabled(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, token := a.Owner(t, a.Community(t), "olivia")
		ask := func(path string, body map[string]any, want int) map[string]any {
			t.Helper()
			status, answer := a.Do(t, http.MethodPost, path, token, body)
			if status != want {
				t.Fatalf("%s: %d %v", path, status, answer)
			}
			data, _ := answer["data"].(map[string]any)
			return data
		}
		login := func(code string) (int, any) {
			t.Helper()
			status, answer := a.Do(t, http.MethodPost, "/v1/auth/login", "", map[string]any{"emailOrUsername": "olivia", "password": "correct-horse-battery", "code": code})
			return status, answer["code"]
		}
		ask("/v1/auth/totp/confirm", map[string]any{"code": "000000"}, 409)
		ask("/v1/auth/totp", map[string]any{"secret": "mine"}, 400)
		secret, _ := ask("/v1/auth/totp", map[string]any{}, 200)["secret"].(string)
		if status, _ := login(""); status != 200 {
			t.Errorf("before it is confirmed: %d", status)
		}
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ask("/v1/auth/totp/confirm", map[string]any{"code": "000000"}, 401)
		recovery, _ := ask("/v1/auth/totp/confirm", map[string]any{"code": code}, 200)["recoveryCodes"].([]any)
		if len(recovery) != 10 {
			t.Fatalf("recovery codes %v", recovery)
		}
		first, _ := recovery[0].(string)
		for given, want := range map[string]any{"": "totp_required", "000000": "wrong_code", code: "wrong_code"} {
			if status, got := login(given); status != 401 || got != want {
				t.Errorf("code %q: %d %v", given, status, got)
			}
		}
		if status, _ := login(first); status != 200 {
			t.Errorf("a recovery code: %d", status)
		}
		if status, got := login(first); status != 401 || got != "wrong_code" {
			t.Errorf("the same again: %d %v", status, got)
		}
		ask("/v1/auth/totp/disable", map[string]any{"password": "wrong password!"}, 401)
		ask("/v1/auth/totp/disable", map[string]any{"code": recovery[1]}, 200)
		if status, _ := login(""); status != 200 {
			t.Errorf("after it is off: %d", status)
		}
	})
}
