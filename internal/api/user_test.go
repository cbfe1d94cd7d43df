package api_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
)

func newUserBody(name, more string) string {
	return fmt.Sprintf(`{"firstname":"Ada","lastname":"Lovelace","username":%q,"displayname":"","email":"%s@example.com"%s}`, name, name, more)
}

func TestUserIsCreatedCompatibly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here, permission.CreateUser, permission.GetUserData)
		_, err := a.Fields.Create(t.Context(), apptest.Operator, here, field.Input{Field: "plan", Name: "Plan", Type: field.SingleLine})
		if err != nil {
			t.Fatal(err)
		}
		made := send(t, a, "POST", "/v1/users", key, newUserBody("ada", `,"password":"a-password-of-hers","confirmPassword":"a-password-of-hers","accessLevel":"@all","joinServer":true,
			"emailPassword":false,"sendEmail":false,"emailTemplate":"x","customFields":[{"fieldIdorName":"Plan","value":"gold"}],"referral":"bob","externalId":"CRM-1","colour":"red"`))
		if made.status != 200 || made.at("data.username") != "ada" || made.at("data.customFields.plan") != "gold" || made.at("data.externalId") != "CRM-1" || made.at("data.referral") != "bob" || made.header.Get("X-Unknown-Fields") != "colour" {
			t.Fatalf("%d %s %s", made.status, made.text, made.header)
		}
		if found := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"external:CRM-1"}`); found.at("data._id") != made.at("data._id") {
			t.Errorf("by external id: %d %s", found.status, found.text)
		}
		if made.at("data.claimed") != false {
			t.Errorf("claimed by nobody: %s", made.text)
		}
		for _, login := range []string{"ada", "ada@example.com"} {
			if _, _, err := a.Accounts.SignIn(t.Context(), login, "a-password-of-hers", account.SessionInfo{}); !errs.Is(err, "wrong_password") {
				t.Errorf("another one's choice of a password signs %s in: %v", login, err)
			}
		}
		ahead := send(t, a, "POST", "/v1/users", key, newUserBody("bob", `,"joinServer":false`))
		if listed := send(t, a, "GET", "/v1/communities/"+here+"/users", key, ""); ahead.status != 200 || listed.at("meta.total") != 1.0 {
			t.Errorf("made ahead: %d %s, listed %s", ahead.status, ahead.text, listed.text)
		}
		taken := send(t, a, "POST", "/v1/users", key, newUserBody("ADA", ""))
		if taken.status != 409 || taken.at("errors.0.field") != "email" || taken.at("errors.1.field") != "username" {
			t.Errorf("made twice: %d %s", taken.status, taken.text)
		}
		if res := send(t, a, "POST", "/v1/users", key, `{}`); res.status != 400 || strings.Count(res.text, `"code"`) < 5 {
			t.Errorf("nothing: %d %s", res.status, res.text)
		}
	})
}

func TestWelcomeMailIsSentOnRequest(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here, permission.CreateUser)
		send(t, a, "POST", "/v1/users", key, newUserBody("ada", `,"password":"a-password-of-hers","emailPassword":true`))
		send(t, a, "POST", "/v1/users", key, newUserBody("bob", `,"password":"a-password-of-his","sendEmail":true`))
		send(t, a, "POST", "/v1/users", key, newUserBody("cid", ""))
		mails, _, err := a.Mail.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, m := range mails {
			if m.Template == mail.Welcome {
				texts[m.To] = m.Text
			}
		}
		if len(texts) != 2 || strings.Contains(texts["ada@example.com"], "a-password") || strings.Contains(texts["bob@example.com"], "a-password") {
			t.Fatalf("mails: %q", texts)
		}
	})
}

func TestAccessLevelIsLimitedToAssignableRoles(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		for title, grants := range map[string]map[string]bool{"VIP": nil, "Guard": {permission.KickMembers: true}} {
			_, err := a.Access.CreateRole(t.Context(), apptest.Operator, here, access.RoleInput{Title: title, Order: 5, ServerPermissions: grants})
			if err != nil {
				t.Fatal(err)
			}
		}
		creates, both := a.Key(t, here, permission.CreateUser), a.Key(t, here, permission.CreateUser, permission.ManageRoles)
		for i, row := range []struct {
			key, role string
			status    int
		}{{creates, "VIP", 200}, {creates, "Guard", 403}, {both, "Guard", 200}, {both, "Nobility", 400}} {
			res := send(t, a, "POST", "/v1/users", row.key, newUserBody(fmt.Sprintf("user-%d", i), `,"accessLevel":"`+row.role+`"`))
			if res.status != row.status {
				t.Errorf("%s: %d %s", row.role, res.status, res.text)
			}
		}
	})
}

func TestOneOfConcurrentCreationsSucceeds(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here, permission.CreateUser)
		var work sync.WaitGroup
		answers := make([]reply, 20)
		for i := range answers {
			work.Go(func() { answers[i] = send(t, a, "POST", "/v1/users", key, newUserBody("ada", "")) })
		}
		work.Wait()
		made := 0
		for _, res := range answers {
			switch {
			case res.status == 200:
				made++
			case res.status != 409 || res.at("errors.0.field") != "email":
				t.Errorf("%d %s", res.status, res.text)
			}
		}
		if n, err := a.Members.Count(t.Context(), apptest.Operator, here); made != 1 || n != 1 || err != nil {
			t.Fatalf("%d made, %d members (%v)", made, n, err)
		}
	})
}

func TestUsersAreFilteredByFieldsInParts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here)
		_, err := a.Fields.Create(t.Context(), apptest.Operator, here, field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"ada", "bob", "cid"} {
			send(t, a, "POST", "/v1/users", key, newUserBody(name, fmt.Sprintf(`,"customFields":[{"fieldIdorName":"points","value":%d}]`, i)))
		}
		res := send(t, a, "POST", "/v1/users/filter", key, `{"fields":["email","points","join_date"],"filter":{"points":{"gte":1}}}`)
		first, _ := res.at("data.0").(map[string]any)
		if res.status != 200 || len(first) != 4 || first["email"] != "bob@example.com" || first["points"] != 1.0 || res.at("data.1.email") != "cid@example.com" ||
			res.at("meta.limit") != 200.0 || res.at("meta.next_cursor") != nil {
			t.Errorf("%d %s", res.status, res.text)
		}
		res = send(t, a, "POST", "/v1/users/filter", key, `{"page":1,"cursor":null}`)
		if res.at("meta.current_page") != 1.0 || res.at("meta.total_pages") != 1.0 || res.at("meta.total") != 3.0 || res.at("data.0.first_name") != "Ada" {
			t.Errorf("%d %s", res.status, res.text)
		}
		res = send(t, a, "POST", "/v1/users/filter", key, `{"fields":["shoes"],"filter":{"hats":1,"points":"many"},"page":1,"cursor":"x"}`)
		var wrong []any
		for i := range 4 {
			wrong = append(wrong, res.at(fmt.Sprintf("errors.%d.field", i)))
		}
		if diff := cmp.Diff([]any{"fields[0]", "filter.hats", "filter.points", "page"}, wrong); res.status != 400 || diff != "" {
			t.Errorf("%d %s", res.status, diff)
		}
	})
}

func TestDeletedUserIsHiddenUntilRestored(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here)
		made := send(t, a, "POST", "/v1/users", key, newUserBody("ada", ""))
		gone := send(t, a, "POST", "/v1/users/manage", key, `{"action":"delete","user":"ada@example.com"}`)
		if gone.status != 200 || gone.at("data._id") != made.at("data._id") || gone.at("data.state") != "deleted" || gone.at("data.erasedAt") == nil {
			t.Fatalf("%d %s", gone.status, gone.text)
		}
		if res := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ada"}`); res.status != 404 {
			t.Errorf("found: %d", res.status)
		}
		if res := send(t, a, "POST", "/v1/users/manage", key, `{"action":"banish","user":"ada"}`); res.status != 400 || res.at("errors.0.field") != "action" {
			t.Errorf("%d %s", res.status, res.text)
		}
		back := send(t, a, "POST", "/v1/users/manage", key, fmt.Sprintf(`{"action":"restore","user":%v}`, made.at("data.userId")))
		if back.status != 200 || back.at("data.state") != "active" {
			t.Fatalf("%d %s", back.status, back.text)
		}
		if res := send(t, a, "GET", fmt.Sprintf("/v1/communities/%s/users/%s", here, made.at("data._id")), key, ""); res.status != 200 || cmp.Diff(made.at("data"), res.at("data")) != "" {
			t.Errorf("restored as %d %s", res.status, res.text)
		}
	})
}

func TestSessionLimitedToTheCommunityEndsWithTheMembership(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here)
		ada, token := a.Owner(t, a.Community(t), "ada")
		made := send(t, a, "POST", "/v1/users", key, newUserBody("ada", ""))
		bind := "UPDATE sessions SET community_id = $1, user_id = $2 WHERE account_id = $3"
		if _, err := a.DB.Exec(t.Context(), bind, here, made.at("data._id"), ada.ID); err != nil {
			t.Fatal(err)
		}
		other, _, err := a.Accounts.SignIn(t.Context(), "ada", "correct-horse-battery", account.SessionInfo{})
		if err != nil {
			t.Fatal(err)
		}
		send(t, a, "POST", "/v1/users/manage", key, `{"action":"delete","user":"ada"}`)
		if _, err := a.Access.Authenticate(t.Context(), token); err == nil {
			t.Error("the session of the community goes on")
		}
		if _, err := a.Access.Authenticate(t.Context(), other); err != nil {
			t.Errorf("the person's own session has ended: %v", err)
		}
	})
}

func TestOnlySelectedFieldsOfAUserAreReturned(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here)
		made := send(t, a, "POST", "/v1/users", key, newUserBody("ada", ""))
		address := fmt.Sprintf("/v1/users/%v", made.at("data.userId"))
		some := send(t, a, "GET", address+"?_id=true&email=1&isOnline=true&username=false", key, "")
		want := map[string]any{"_id": made.at("data._id"), "email": "ada@example.com", "isOnline": false}
		if diff := cmp.Diff(want, some.at("data")); diff != "" {
			t.Errorf("%d %s", some.status, diff)
		}
		if all, _ := send(t, a, "GET", address, key, "").at("data").(map[string]any); len(all) != 10 {
			t.Errorf("everything: %v", all)
		}
		rest, _ := send(t, a, "GET", address+"?email=false&lastName=0", key, "").at("data").(map[string]any)
		if _, email := rest["email"]; email || len(rest) != 8 || rest["username"] != "ada" {
			t.Errorf("everything but two: %v", rest)
		}
		for _, path := range []string{"/v1/users/ada", "/v1/users/6a21d1c09f3b0c4d5e6f7a8b", "/v1/users/0"} {
			if res := send(t, a, "GET", path, key, ""); res.status != 404 {
				t.Errorf("%s: %d", path, res.status)
			}
		}
		if res := send(t, a, "GET", address+"?email=maybe", key, ""); res.status != 400 {
			t.Errorf("maybe: %d", res.status)
		}
	})
}

func TestAvatarIsUploadedAndReplaced(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here := a.Community(t)
		key := a.Key(t, here)
		made := send(t, a, "POST", "/v1/users", key, newUserBody("ada", ""))
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 9, 9))); err != nil {
			t.Fatal(err)
		}
		put := func(token string, content []byte, fields map[string]string) (int, any) {
			status, answer := a.Upload(t, "/v1/users/avatar", token, "me.png", content, fields)
			if status != http.StatusCreated {
				return status, answer["code"]
			}
			return status, answer["data"].(map[string]any)["avatar"]
		}
		look := func(address any) int {
			path, _ := strings.CutPrefix(address.(string), a.URL())
			return send(t, a, "GET", path, "", "").status
		}
		status, first := put(key, picture.Bytes(), map[string]string{"user": "ada"})
		if status != 201 || look(first) != 200 {
			t.Fatalf("%d %v", status, first)
		}
		shown := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ada"}`)
		if shown.at("data.avatar") != first || made.at("data.avatar") != "" {
			t.Errorf("shown as %v", shown.at("data.avatar"))
		}
		if status, second := put(key, picture.Bytes(), map[string]string{"user": "ada"}); status != 201 || look(second) != 200 || look(first) != 404 {
			t.Errorf("a second one: %d", status)
		}
		for name, row := range map[string]struct {
			content []byte
			fields  map[string]string
			status  int
		}{
			"a drawing":           {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), map[string]string{"user": "ada"}, 415},
			"half of it":          {picture.Bytes()[:picture.Len()/2], map[string]string{"user": "ada"}, 400},
			"too much":            {make([]byte, media.MaxBytes+1), map[string]string{"user": "ada"}, 413},
			"nobody":              {picture.Bytes(), map[string]string{"user": "nobody"}, 404},
			"not said whose":      {picture.Bytes(), nil, 400},
			"what does not exist": {picture.Bytes(), map[string]string{"user": "ada", "frame": "gold"}, 400},
		} {
			if status, code := put(key, row.content, row.fields); status != row.status {
				t.Errorf("%s: %d %v", name, status, code)
			}
		}
		person, token := a.Owner(t, a.Community(t), "bob")
		if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, here, person.ID); err != nil {
			t.Fatal(err)
		}
		if status, code := put(token, picture.Bytes(), map[string]string{"communityId": here}); status != 201 {
			t.Errorf("their own: %d %v", status, code)
		}
		if status, code := put(a.Key(t, here, permission.GetUserData), picture.Bytes(), map[string]string{"user": "ada"}); status != 403 {
			t.Errorf("a key that may only read: %d %v", status, code)
		}
	})
}
