package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/moderation"
)

func TestCommunityKeysAreManaged(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		_, owner := a.Owner(t, home, "boss")
		path := "/v1/communities/" + home + "/api-keys"
		made := send(t, a, "POST", path, owner, `{"name":"Nightly","permissions":["getUserData"],"expirePeriod":30}`)
		id, _ := made.at("data._id").(string)
		secret, _ := made.at("data.key").(string)
		if made.status != 201 || len(secret) != 64 || made.at("data.expireDate") == nil {
			t.Fatalf("%d %s", made.status, made.text)
		}
		users := "/v1/communities/" + home + "/users"
		if res := send(t, a, "GET", users, secret, ""); res.status != 200 {
			t.Errorf("the new key: %d %s", res.status, res.text)
		}
		list := send(t, a, "GET", path, owner, "")
		if list.at("data.0._id") != id || list.at("data.0.lastUsedAt") == nil || strings.Contains(list.text, secret) {
			t.Errorf("the list: %s", list.text)
		}
		if res := send(t, a, "PUT", path+"/"+id, owner, `{"isActive":false,"expirePeriod":0}`); res.status != 200 || res.at("data.isActive") != false || res.at("data.expireDate") != nil || res.at("data.name") != "Nightly" {
			t.Errorf("change: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", users, secret, ""); res.status != 401 || res.code() != "credential_inactive" {
			t.Errorf("switched off: %d %s", res.status, res.text)
		}
		if res := send(t, a, "PUT", path+"/"+id, owner, `{"isActive":true,"colour":"red"}`); res.status != 400 {
			t.Errorf("an unknown field: %d %s", res.status, res.text)
		}
		if res := send(t, a, "DELETE", path+"/"+id, owner, ""); res.status != 200 {
			t.Errorf("delete: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", users, secret, ""); res.status != 401 || res.code() != "invalid_credential" {
			t.Errorf("deleted: %d %s", res.status, res.text)
		}
		if res := send(t, a, "DELETE", path+"/"+id, owner, ""); res.status != 404 {
			t.Errorf("delete again: %d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", path, a.Key(t, home, permission.APIKeys), `{"name":"k","permissions":["*"]}`); res.status != 403 || res.code() != "missing_permission" {
			t.Errorf("more than its maker: %d %s", res.status, res.text)
		}
	})
}

func TestUserKeysAreManagedByTheirOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		boss, session := a.Owner(t, home, "boss")
		_, other := a.Owner(t, a.Community(t), "other")
		path := "/v1/users/" + boss.ID + "/api-keys"
		made := send(t, a, "POST", path, session, `{"name":"Bot","permissions":["getUserData","apiKeys"],"channels":["aaaaaaaaaaaaaaaaaaaaaaaa"]}`)
		id, _ := made.at("data._id").(string)
		secret, _ := made.at("data.key").(string)
		if made.status != 201 || made.at("data.channels.0") != "aaaaaaaaaaaaaaaaaaaaaaaa" {
			t.Fatalf("%d %s", made.status, made.text)
		}
		for _, c := range []struct {
			name, method, path, token, body string
			status                          int
		}{
			{"it reads", "GET", "/v1/communities/" + home + "/users", secret, "", 200},
			{"one membership need not be named", "POST", "/v1/users/info", secret, `{"idOrEmail":"boss"}`, 200},
			{"it may not import", "GET", "/v1/users/bulk-update", secret, "", 403},
			{"it knows whose it is", "GET", "/v1/auth/me", secret, "", 200},
			{"it has no sessions", "GET", "/v1/auth/sessions", secret, "", 403},
			{"it cannot sign out", "POST", "/v1/auth/logout", secret, "", 403},
			{"it changes no password", "POST", "/v1/auth/change-password", secret, `{"newPassword":"` + secretPhrase + `"}`, 403},
			{"it lists keys", "GET", path, secret, "", 200},
			{"it gives no more than it has", "POST", path, secret, `{"name":"k","permissions":["*"],"channels":["aaaaaaaaaaaaaaaaaaaaaaaa"]}`, 403},
			{"by number", "GET", "/v1/users/1/api-keys", session, "", 200},
			{"somebody else", "GET", path, other, "", 404},
			{"somebody else's key", "PUT", path + "/" + id, other, `{"name":"x"}`, 404},
			{"a key of a community", "GET", path, a.Key(t, home), "", 403},
			{"nobody", "GET", path, "", "", 401},
			{"for all channels", "PUT", path + "/" + id, session, `{"channels":[],"isActive":false}`, 200},
			{"switched off", "GET", "/v1/auth/me", secret, "", 401},
			{"deleted", "DELETE", path + "/" + id, session, "", 200},
			{"deleted again", "DELETE", path + "/" + id, session, "", 404},
		} {
			if res := send(t, a, c.method, c.path, c.token, c.body); res.status != c.status {
				t.Errorf("%s: %d %s, want %d", c.name, res.status, res.text, c.status)
			}
		}
	})
}

func TestAnotherSystemSignsAMemberIn(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, elsewhere := a.Community(t), a.Community(t)
		every := a.Key(t, home)
		a.Import(t, home, every, "First Name,Last Name,Username,Email\nAda,Lovelace,ada,ada@example.com\n", nil)
		a.Import(t, elsewhere, a.Key(t, elsewhere), "First Name,Last Name,Username,Email\nAda,Lovelace,ada,ada@example.com\n", nil)
		a.Owner(t, home, "boss")
		key := a.Key(t, home, actor.PermSignIn)
		for _, c := range []struct {
			name, path string
			header     []string
			status     int
			code       string
		}{
			{"without a key", "/api/secureAuth?userId=ada&action=login", nil, 401, "authentication_required"},
			{"with a wrong key", "/api/secureAuth?userId=ada", []string{"apiKey", strings.Repeat("a", 64)}, 401, "invalid_credential"},
			{"with a key for everything else", "/api/secureAuth?userId=ada", []string{"apiKey", a.Key(t, home, actor.PermAll)}, 403, "missing_permission"},
			{"another action", "/api/secureAuth?userId=ada&action=logout", []string{"apiKey", key}, 400, "invalid_input"},
			{"nobody named", "/api/secureAuth?action=login", []string{"apiKey", key}, 400, "invalid_input"},
			{"nobody there", "/api/secureAuth?userId=bob", []string{"apiKey", key}, 404, "user_not_found"},
			{"two who differ", "/api/secureAuth?userId=ada&email=bob@example.com", []string{"apiKey", key}, 404, "user_not_found"},
			{"the owner", "/api/secureAuth?userId=boss", []string{"apiKey", key}, 403, "limited_session"},
			{"the owner, as somebody less", "/api/secureAuth?userId=boss&accessLevel=user", []string{"apiKey", key}, 403, "limited_session"},
			{"by email", "/api/secureAuth?email=ADA@example.com", []string{"apiKey", key}, 200, ""},
			{"by the canonical address", "/v1/auth/secure-auth?userId=ada&accessLevel=admin", []string{"x-api-key", key}, 200, ""},
		} {
			if res := send(t, a, "GET", c.path, "", "", c.header...); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s, want %d %s", c.name, res.status, res.text, c.status, c.code)
			}
		}
		_, boss := a.Owner(t, a.Community(t), "chief")
		if res := send(t, a, "GET", "/api/secureAuth?userId=chief", boss, ""); res.status != 403 || res.code() != "key_required" {
			t.Errorf("a person: %d %s", res.status, res.text)
		}
		res := send(t, a, "GET", "/api/secureAuth?userId=ada&email=ada@example.com&action=login", "", "", "apiKey", key, "hostname", "shop.example.com")
		address, _ := res.at("loginUrl").(string)
		if res.status != 200 || res.at("error") != false || res.at("sessionId") == nil || !strings.HasPrefix(address, a.URL()+"/link?token=") {
			t.Fatalf("%d %s", res.status, res.text)
		}
		session := follow(t, a, address, http.StatusSeeOther)
		follow(t, a, address, http.StatusGone)
		me := send(t, a, "GET", "/v1/auth/me", session, "")
		id, _ := me.at("data._id").(string)
		if me.status != 200 || me.at("data.username") != "ada" {
			t.Fatalf("%d %s", me.status, me.text)
		}
		for _, name := range []string{"firstName", "lastName", "displayName", "lastLogin"} {
			if said := me.at("data." + name); said != nil && said != "" {
				t.Errorf("another system reads %s: %v", name, said)
			}
		}
		bound, err := a.Access.Authenticate(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Moderation.Join(t.Context(), bound, a.Community(t), moderation.JoinInput{}); !errs.Is(err, "limited_session") {
			t.Errorf("joining another community: %v", err)
		}
		if _, err := a.Ownership.RestoreCommunity(t.Context(), bound, elsewhere, 0); !errs.Is(err, "limited_session") {
			t.Errorf("restoring another community: %v", err)
		}
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
		}{
			{"its community", "GET", "/v1/servers/" + home, "", 200, ""},
			{"her other community", "GET", "/v1/servers/" + elsewhere, "", 404, "community_not_found"},
			{"sessions", "GET", "/v1/auth/sessions", "", 403, "limited_session"},
			{"keys", "POST", "/v1/users/" + id + "/api-keys", `{"name":"k","permissions":["*"]}`, 403, "limited_session"},
			{"password", "POST", "/v1/auth/change-password", `{"newPassword":"` + secretPhrase + `"}`, 403, "limited_session"},
			{"a community of her own", "POST", "/v1/servers", `{"name":"Mine"}`, 403, "limited_session"},
			{"all sessions", "POST", "/v1/auth/logout", `{"everywhere":true}`, 403, "limited_session"},
			{"its own end", "POST", "/v1/auth/logout", "", 200, ""},
			{"after it", "GET", "/v1/auth/me", "", 401, "invalid_credential"},
		} {
			if res := send(t, a, c.method, c.path, session, c.body); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s, want %d %s", c.name, res.status, res.text, c.status, c.code)
			}
		}
	})
}

// follow submits the page of a link, and returns the session of the browser.
func follow(t *testing.T, a *apptest.App, address string, want int) (session string) {
	t.Helper()
	_, query, _ := strings.Cut(address, "?")
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/link", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, header, _ := a.Send(t, r)
	if status != want {
		t.Errorf("the link answers %d, want %d", status, want)
	}
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		if cookie.Name == "regulars" {
			return cookie.Value
		}
	}
	return ""
}
