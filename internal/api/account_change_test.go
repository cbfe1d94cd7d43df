package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestAccountIsUpdated(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		ada, session := a.Owner(t, home, "ada")
		a.Owner(t, home, "bob")
		key := send(t, a, "POST", "/v1/users/"+ada.ID+"/api-keys", session, `{"name":"k","permissions":["*"]}`)
		secret, _ := key.at("data.key").(string)
		for _, c := range []struct {
			what, token, body string
			status            int
			code, fields      string
		}{
			{"no credential", "", `{"firstname":"Ada"}`, 401, "authentication_required", ""},
			{"a key of the person", secret, `{"firstname":"Ada"}`, 403, "session_required", ""},
			{"a key of the community", a.Key(t, home), `{"firstname":"Ada"}`, 403, "person_required", ""},
			{"a limited session", limitedSession(t, a), `{"firstname":"Ada"}`, 403, "limited_session", ""},
			{"nothing", session, `{}`, 200, "", ""},
			{"names", session, `{"firstname":" Ada ","lastname":"Lovelace","displayname":"A."}`, 200, "", ""},
			{"no display name", session, `{"displayname":""}`, 200, "", ""},
			{"a username", session, `{"username":"Countess"}`, 200, "", ""},
			{"a taken username", session, `{"username":"BOB"}`, 409, "username_taken", "username"},
			{"digits as a username", session, `{"username":"12345"}`, 400, "invalid_input", "username"},
			{"all wrong", session, `{"username":"a","email":"nowhere","firstname":"` + strings.Repeat("x", 51) + `"}`, 400, "invalid_input", "username email firstname"},
			{"an unknown field", session, `{"phone":"1"}`, 400, "invalid_input", "phone"},
			{"a number", session, `{"username":7}`, 400, "invalid_input", "username"},
			{"a wrong password", session, `{"firstname":"Eve","currentPassword":"wrong password!"}`, 401, "wrong_password", ""},
			{"a new email address", session, `{"email":"ada@new.example"}`, 200, "", ""},
			{"a taken email address", session, `{"email":"bob@example.com"}`, 200, "", ""},
		} {
			res := send(t, a, "PUT", "/v1/auth/me", c.token, c.body)
			var fields []string
			errors, _ := res.at("errors").([]any)
			for _, one := range errors {
				entry, _ := one.(map[string]any)
				name, _ := entry["field"].(string)
				fields = append(fields, name)
			}
			if got := strings.Join(fields, " "); res.status != c.status || res.code() != c.code || got != c.fields {
				t.Errorf("%s: %d %s", c.what, res.status, res.text)
			}
		}
		me := send(t, a, "GET", "/v1/auth/me", session, "")
		got := map[string]any{}
		for _, name := range []string{"username", "email", "firstName", "lastName", "displayName", "pendingEmail"} {
			got[name] = me.at("data." + name)
		}
		want := map[string]any{"username": "Countess", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "displayName": "", "pendingEmail": "bob@example.com"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE sessions SET created_at = created_at - $1", (11 * time.Minute).Milliseconds()); err != nil {
			t.Fatal(err)
		}
		if res := send(t, a, "PUT", "/v1/auth/me", session, `{"displayname":"Ada"}`); res.status != 403 || res.code() != "proof_required" {
			t.Errorf("an old sign-in: %d %s", res.status, res.text)
		}
		if res := send(t, a, "PUT", "/v1/auth/me", session, `{"displayname":"Ada","currentPassword":"correct-horse-battery"}`); res.status != 200 || res.at("data.displayName") != "Ada" {
			t.Errorf("with the password: %d %s", res.status, res.text)
		}
	})
}

// limitedSession returns a session of a plain member that another system started.
func limitedSession(t *testing.T, a *apptest.App) string {
	t.Helper()
	home := a.Community(t)
	key := a.Key(t, home)
	importFile(t, a, key, members)
	linked := send(t, a, "GET", "/v1/auth/secure-auth?userId=alan", key, "")
	url, _ := linked.at("loginUrl").(string)
	token, _, err := a.Accounts.RedeemLink(t.Context(), url[strings.LastIndex(url, "=")+1:], account.SessionInfo{})
	if err != nil {
		t.Fatalf("%s: %v", linked.text, err)
	}
	return token
}

func TestNewEmailAddressIsConfirmed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		_, session := a.Owner(t, home, "ada")
		a.Owner(t, home, "bob")
		ask := func(address string) (reply, string) {
			t.Helper()
			if _, err := a.DB.Exec(t.Context(), "DELETE FROM mail_outbox"); err != nil {
				t.Fatal(err)
			}
			res := send(t, a, "PUT", "/v1/auth/me", session, `{"email":"`+address+`"}`)
			return res, mailed(t, a, mail.ConfirmEmail)
		}
		verify := func(token string) reply {
			t.Helper()
			return send(t, a, "POST", "/v1/auth/verify-email", "", jsonOf(t, map[string]any{"token": token}))
		}
		free, old := ask("dot@example.com")
		known, taken := ask("bob@example.com")
		if free.status != 200 || strings.ReplaceAll(free.text, "dot@", "bob@") != known.text {
			t.Errorf("a free address: %d %s, a known one: %d %s", free.status, free.text, known.status, known.text)
		}
		if res := verify(old); res.status != 410 || res.code() != "link_expired" {
			t.Errorf("the link of an older request: %d %s", res.status, res.text)
		}
		if res := verify(taken); res.status != 409 || res.code() != "email_taken" {
			t.Errorf("a taken address: %d %s", res.status, res.text)
		}
		_, token := ask("ada@new.example")
		if res := verify(token); res.status != 200 || res.at("data.email") != "ada@new.example" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := verify(token); res.status != 410 {
			t.Errorf("a second time: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", session, ""); res.at("data.email") != "ada@new.example" || res.at("data.pendingEmail") != nil {
			t.Errorf("%s", res.text)
		}
	})
}

func TestNewUsernameAppearsInCommunities(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		homes := []string{a.Community(t), a.Community(t), a.Community(t)}
		ada, session := a.Owner(t, homes[0], "ada")
		if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, homes[1], ada.ID); err != nil {
			t.Fatal(err)
		}
		if res := send(t, a, "PUT", "/v1/auth/me", session, `{"username":"countess","email":"ada@new.example"}`); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		token := jsonOf(t, map[string]any{"token": mailed(t, a, mail.ConfirmEmail)})
		if res := send(t, a, "POST", "/v1/auth/verify-email", "", token); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		for i, home := range homes {
			var got []string
			rows, _, err := a.Members.Histories(t.Context(), apptest.Operator, home, directory.HistoryFilter{UserID: ada.ID, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if row.Source.Type != directory.Created {
					got = append(got, row.Field+" "+row.Old.(string)+" "+row.New.(string)+" "+row.Source.Type+" "+strings.ReplaceAll(row.Actor, ada.ID, "ada"))
				}
			}
			noted, err := sqldb.One(t.Context(), a.DB, "audit", sqldb.Value[int], "SELECT count(*) FROM audit_log WHERE community_id = $1 AND action = 'user.update'", home)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if i < 2 {
				want = []string{"email ada@example.com ada@new.example api account:ada", "username ada countess api account:ada"}
				shown := send(t, a, "GET", "/v1/users/"+ada.ID+"?serverId="+home, session, "")
				if shown.at("data.username") != "countess" || shown.at("data.email") != "ada@new.example" {
					t.Errorf("%s", shown.text)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || noted != len(want) {
				t.Errorf("community %d: %d noted, %s", i, noted, diff)
			}
		}
	})
}
