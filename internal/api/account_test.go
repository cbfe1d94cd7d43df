package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const secretPhrase = "blue cow over 9 hills"

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func applicant(name string) map[string]any {
	return map[string]any{"email": name + "@example.com", "username": name, "password": secretPhrase, "firstname": "Ada", "lastname": "Lovelace"}
}

var linkToken = regexp.MustCompile(`\?token=([0-9a-f]{64})`)

// mailed waits for the newest mail of a template and returns the token of its
// link, or "".
func mailed(t *testing.T, a *apptest.App, template mail.Template) string {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		list, _, err := a.Mail.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 50)
		if err != nil {
			t.Fatal(err)
		}
		if at := slices.IndexFunc(list, func(k mail.OutboxMessage) bool { return k.Template == template }); at >= 0 {
			if found := linkToken.FindStringSubmatch(list[at].Text); found != nil {
				return found[1]
			}
			return ""
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("no mail %s", template)
		}
	}
}

// registrant registers an account and signs in.
func registrant(t *testing.T, a *apptest.App, name string) (token, id string) {
	t.Helper()
	if _, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: name + "@example.com", Username: name, Password: secretPhrase}); err != nil {
		t.Fatal(err)
	}
	res := login(t, a, name, secretPhrase)
	token, _ = res.at("data.token").(string)
	id, _ = res.at("data.user._id").(string)
	if res.status != 200 || token == "" {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return token, id
}

func login(t *testing.T, a *apptest.App, name, password string, header ...string) reply {
	t.Helper()
	return send(t, a, "POST", "/v1/auth/login", "", jsonOf(t, map[string]any{"emailOrUsername": name, "password": password}), header...)
}

func TestRegistrationSignInAndSignOut(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		res := send(t, a, "POST", "/v1/auth/register", "", jsonOf(t, applicant("ada")))
		if res.status != 201 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		token := mailed(t, a, mail.VerifyEmail)
		if res := login(t, a, "ada", secretPhrase); res.status != 401 || res.code() != "wrong_password" {
			t.Errorf("before the address is proven: %d %s", res.status, res.text)
		}
		verify := func() reply {
			return send(t, a, "POST", "/v1/auth/verify-email", "", jsonOf(t, map[string]any{"token": token}))
		}
		if res := verify(); res.status != 200 || res.at("data.username") != "ada" || res.at("data.firstName") != "Ada" {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := verify(); res.status != 410 || res.code() != "link_expired" {
			t.Errorf("a second time: %d %s", res.status, res.text)
		}
		first, second := login(t, a, "ADA", secretPhrase), login(t, a, "ada@example.com", secretPhrase)
		session, _ := first.at("data.token").(string)
		other, _ := second.at("data.token").(string)
		if first.status != 200 || first.at("data.expiresAt") == nil || first.at("data.user.email") != "ada@example.com" {
			t.Fatalf("%d %s", first.status, first.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", session, ""); res.status != 200 || res.at("data.username") != "ada" {
			t.Errorf("me: %d %s", res.status, res.text)
		}
		list := send(t, a, "GET", "/v1/auth/sessions", session, "")
		if rows, _ := list.at("data").([]any); len(rows) != 2 {
			t.Fatalf("sessions: %s", list.text)
		}
		for _, row := range list.at("data").([]any) {
			one := row.(map[string]any)
			if one["current"] == true {
				continue
			}
			if res := send(t, a, "DELETE", "/v1/auth/sessions/"+one["_id"].(string), session, ""); res.status != 200 {
				t.Errorf("end a session: %d %s", res.status, res.text)
			}
		}
		if res := send(t, a, "GET", "/v1/auth/me", other, ""); res.status != 401 {
			t.Errorf("an ended session: %d", res.status)
		}
		third, _ := login(t, a, "ada", secretPhrase).at("data.token").(string)
		if res := send(t, a, "POST", "/v1/auth/logout", session, ""); res.status != 200 {
			t.Errorf("logout: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", session, ""); res.status != 401 || res.code() != "invalid_credential" {
			t.Errorf("after logout: %d %s", res.status, res.text)
		}
		fourth, _ := login(t, a, "ada", secretPhrase).at("data.token").(string)
		if res := send(t, a, "POST", "/v1/auth/logout", third, `{"everywhere":true}`); res.status != 200 {
			t.Errorf("logout everywhere: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", fourth, ""); res.status != 401 {
			t.Errorf("after logout everywhere: %d", res.status)
		}
	})
}

func TestPasswordIsResetByTheLinkInTheMail(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		session, _ := registrant(t, a, "ada")
		known := send(t, a, "POST", "/v1/auth/forgot-password", "", `{"email":"ada@example.com"}`)
		unknown := send(t, a, "POST", "/v1/auth/forgot-password", "", `{"email":"bob@example.com"}`)
		if known.status != 200 || unknown.status != 200 || strings.ReplaceAll(known.text, "ada@", "bob@") != unknown.text {
			t.Errorf("known: %d %s, unknown: %d %s", known.status, known.text, unknown.status, unknown.text)
		}
		body := jsonOf(t, map[string]any{"token": mailed(t, a, mail.ResetPassword), "newPassword": "green pig under 3 trees"})
		if res := send(t, a, "POST", "/v1/auth/reset-password", "", body); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", "/v1/auth/reset-password", "", body); res.status != 410 {
			t.Errorf("a second time: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", session, ""); res.status != 401 {
			t.Errorf("a session from before: %d", res.status)
		}
		fresh, _ := login(t, a, "ada", "green pig under 3 trees").at("data.token").(string)
		change := jsonOf(t, map[string]any{"currentPassword": "green pig under 3 trees", "newPassword": secretPhrase})
		if res := send(t, a, "POST", "/v1/auth/change-password", fresh, change); res.status != 200 {
			t.Errorf("change: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/auth/me", fresh, ""); res.status != 200 {
			t.Errorf("the session that changed it: %d", res.status)
		}
		if res := send(t, a, "POST", "/v1/auth/change-password", fresh, change); res.status != 401 || res.code() != "wrong_password" {
			t.Errorf("a wrong password: %d %s", res.status, res.text)
		}
	})
}

func TestSignInAndRegistrationDoNotRevealAccounts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		registrant(t, a, "ada")
		strip := func(r reply) string {
			text := strings.ReplaceAll(r.text, r.header.Get("X-Request-Id"), "")
			return strings.NewReplacer("bob", "ada").Replace(text)
		}
		known, unknown := login(t, a, "ada", "wrong password!"), login(t, a, "bob", "wrong password!")
		if known.status != 401 || unknown.status != 401 || strip(known) != strip(unknown) {
			t.Errorf("login: %d %s, %d %s", known.status, known.text, unknown.status, unknown.text)
		}
		known, unknown = send(t, a, "POST", "/v1/auth/register", "", jsonOf(t, applicant("ada"))), send(t, a, "POST", "/v1/auth/register", "", jsonOf(t, applicant("bob")))
		if known.status != 201 || unknown.status != 201 || strip(known) != strip(unknown) {
			t.Errorf("register: %d %s, %d %s", known.status, known.text, unknown.status, unknown.text)
		}
	})
}

func TestSignInsAreLimitedPerAddressAndAccount(t *testing.T) {
	limit := apptest.WithConfig(func(c *apptest.Config) {
		c.SignInsPerMin = 10
		c.Proxies = []string{"127.0.0.1/32"}
	})
	ask := func(t *testing.T, a *apptest.App, path, body, address string) reply {
		t.Helper()
		return send(t, a, "POST", path, "", body, "X-Forwarded-For", address)
	}
	for _, c := range []struct{ name, path, body string }{
		{"login", "/v1/auth/login", `{"emailOrUsername":"ada","password":"x"}`},
		{"login to nobody", "/v1/auth/login", `{"emailOrUsername":"nobody","password":"x"}`},
		{"forgotten", "/v1/auth/forgot-password", `{"email":"ada@example.com"}`},
		{"register", "/v1/auth/register", `{"email":"ada@example.com","username":"x","password":"x","firstname":"x","lastname":"x"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := apptest.New(t, sqldb.SQLite, limit, apptest.WithStoppedClock())
			if _, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "ada@example.com", Username: "ada"}); err != nil {
				t.Fatal(err)
			}
			for n := range 10 {
				res := ask(t, a, c.path, c.body, "192.0.2."+string(rune('0'+n)))
				if res.code() == "rate_limited" || res.header.Get("RateLimit-Limit") != "10" || res.header.Get("RateLimit-Remaining") != string(rune('9'-n)) {
					t.Fatalf("attempt %d: %d %v %s", n, res.status, res.header, res.text)
				}
			}
			for address, want := range map[string]int{"192.0.2.77": 429, "192.0.2.78": 429} {
				res := ask(t, a, c.path, c.body, address)
				if res.status != want || res.code() != "rate_limited" || res.header.Get("Retry-After") == "" || res.header.Get("RateLimit-Remaining") != "0" {
					t.Errorf("one too many for the account: %d %v %s", res.status, res.header, res.text)
				}
			}
			for range 10 {
				ask(t, a, "/v1/auth/reset-password", `{"token":"x","newPassword":"x"}`, "192.0.2.99")
			}
			if res := ask(t, a, c.path, c.body, "192.0.2.99"); res.status != 429 {
				t.Errorf("one too many for the address: %d %s", res.status, res.text)
			}
		})
	}
}

func TestLimitOfANameDoesNotRevealTheOtherNameOfTheAccount(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 2; c.Proxies = []string{"127.0.0.1/32"} }), apptest.WithStoppedClock())
	person := signin.Input{Email: "ada@example.com", Username: "ada"}
	if _, err := a.Accounts.CreateAccount(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	for network, names := range map[string][2]string{"192.0.2.": {"ada", "ADA@example.com"}, "198.51.100.": {"bob", "bob@example.com"}} {
		var got []string
		for n, name := range []string{names[0], strings.ToUpper(names[0]), " " + names[0] + " ", names[1], names[1], names[1]} {
			res := login(t, a, name, "x", "X-Forwarded-For", network+strconv.Itoa(n))
			got = append(got, strconv.Itoa(res.status)+" "+res.header.Get("RateLimit-Remaining"))
		}
		if !slices.Equal(got, []string{"401 1", "401 0", "429 0", "401 1", "401 0", "429 0"}) {
			t.Errorf("%s: %v", names[0], got)
		}
	}
}

func TestSecretIsReturnedOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		session, id := registrant(t, a, "ada")
		community := a.Community(t)
		every := a.Key(t, community)
		for _, c := range []struct{ name, path, token, body string }{
			{"a community's key", "/v1/communities/" + community + "/api-keys", every, `{"name":"k","permissions":["getUserData"]}`},
			{"a person's key", "/v1/users/" + id + "/api-keys", session, `{"name":"k","permissions":["getUserData"]}`},
		} {
			first := send(t, a, "POST", c.path, c.token, c.body, "Idempotency-Key", "one")
			again := send(t, a, "POST", c.path, c.token, c.body, "Idempotency-Key", "one")
			made, _ := first.at("data._id").(string)
			if first.status != 201 || made == "" || again.status != 409 || again.code() != "already_done" || again.at("errors.0.message") != made {
				t.Errorf("%s: %d %s, then %d %s", c.name, first.status, first.text, again.status, again.text)
			}
			secret, _ := first.at("data.key").(string)
			var kept int
			if err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM idempotency_keys WHERE CAST(body AS TEXT) LIKE $1", "%"+secret+"%").Scan(&kept); a.DB.Dialect() == sqldb.SQLite && (err != nil || kept > 0) {
				t.Errorf("%s: %d secrets kept (%v)", c.name, kept, err)
			}
		}
		first, again := login(t, a, "ada", secretPhrase, "Idempotency-Key", "two"), login(t, a, "ada", secretPhrase, "Idempotency-Key", "two")
		if first.status != 200 || again.status != 200 {
			t.Errorf("login: %d, then %d %s", first.status, again.status, again.text)
		}
		var kept int
		if err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM idempotency_keys WHERE key = 'two'").Scan(&kept); err != nil || kept > 0 {
			t.Errorf("%d sign-ins are kept (%v)", kept, err)
		}
	})
}

func TestAnonymousIdempotencyKeysAreScopedToTheAddress(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.Proxies = []string{"127.0.0.1/32"} }))
	for n, name := range []string{"ada", "bob", "ada"} {
		address := []string{"192.0.2.1", "192.0.2.2", "192.0.2.1"}[n]
		res := send(t, a, "POST", "/v1/auth/register", "", jsonOf(t, applicant(name)), "Idempotency-Key", "one", "X-Forwarded-For", address)
		if again := res.header.Get("Idempotent-Replayed") == "true"; res.status != 201 || again != (n == 2) {
			t.Errorf("%s from %s: %d, again: %v", name, address, res.status, again)
		}
	}
}

func TestSessionSurvivesARestart(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		env := []string{"REGULARS_DATA=" + t.TempDir()}
		if !strings.HasPrefix(address, "sqlite") {
			env = append(env, "REGULARS_DATABASE_URL="+address)
		}
		p := apptest.StartBinary(t, env...)
		create := exec.CommandContext(t.Context(), apptest.Binary(t), "user", "create", "--email", "ada@example.com", "--username", "ada", "--password-stdin")
		create.Env, create.Stdin = append(os.Environ(), env...), strings.NewReader(secretPhrase)
		if out, err := create.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		ask := func(method, path, token, body string) (int, map[string]any) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", token)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			var answer map[string]any
			if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, answer
		}
		status, answer := ask("POST", "/v1/auth/login", "", jsonOf(t, map[string]any{"emailOrUsername": "ada", "password": secretPhrase}))
		if status != 200 {
			t.Fatalf("%d %v", status, answer)
		}
		token := "Bearer " + answer["data"].(map[string]any)["token"].(string)
		p.Kill()
		p.Restart()
		if status, answer := ask("GET", "/v1/auth/me", token, ""); status != 200 {
			t.Errorf("after a crash: %d %v", status, answer)
		}
		p.Stop()
	})
}
