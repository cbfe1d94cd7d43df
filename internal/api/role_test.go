package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

// createRole creates a role and returns its id.
func createRole(t *testing.T, a *apptest.App, token, body string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/roles", token, body)
	roleID, _ := res.at("data._id").(string)
	if res.status != 200 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return roleID
}

// titles returns the titles of the roles in a response.
func titles(r reply) (out []string) {
	list, _ := r.body["data"].([]any)
	for _, one := range list {
		out = append(out, one.(map[string]any)["title"].(string))
	}
	return out
}

func TestRoleIsUpdatedAssignedRemovedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home, permission.ManageRoles, permission.BulkUpdateUser, permission.GetUserData)
		importFile(t, a, key, members)
		vip := createRole(t, a, key, `{"title":"VIP","order":3,"server_permissions":{"kick_members":true},"channel_permissions":{"pinable":true}}`)
		createRole(t, a, key, `{"title":"Top","order":9}`)

		changed := send(t, a, "PUT", "/v1/roles/"+vip, key, `{"title":"Vips","class":"#00AA00","server_permissions":{"ban_members":true}}`)
		if changed.status != 200 || changed.at("data.title") != "Vips" || changed.at("data.class") != "#00aa00" || changed.at("data.order") != 3.0 ||
			changed.at("data.serverPermissions.kick_members") != true || changed.at("data.serverPermissions.ban_members") != true || changed.at("data.channelPermissions.pinable") != true {
			t.Errorf("%d %s", changed.status, changed.text)
		}
		for name, c := range map[string]struct {
			body, code string
			status     int
		}{
			"title":       {`{"title":"Top"}`, "title_taken", 409},
			"unknown":     {`{"tilte":"x"}`, "invalid_input", 400},
			"permission":  {`{"server_permissions":{"fly":true}}`, "invalid_input", 400},
			"wrong type":  {`{"order":"high"}`, "invalid_input", 400},
			"wrong order": {`{"order":10001}`, "invalid_input", 400},
		} {
			if res := send(t, a, "PUT", "/v1/roles/"+vip, key, c.body); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", name, res.status, res.text)
			}
		}
		added := send(t, a, "POST", "/v1/roles/"+vip+"/add", key, `{"userId":"ada@example.com"}`)
		number, _ := added.at("data.userId").(float64)
		if added.status != 200 || added.at("data.roles.0") != vip {
			t.Fatalf("%d %s", added.status, added.text)
		}
		for _, ref := range []string{added.at("data._id").(string), fmt.Sprint(int(number))} {
			if res := send(t, a, "GET", "/v1/roles/"+ref, key, ""); res.status != 200 || cmp.Diff([]string{"Vips", "@all"}, titles(res)) != "" {
				t.Errorf("%d %s", res.status, res.text)
			}
		}
		if res := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ada"}`); res.at("data.highestRole") != "Vips" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", "/v1/roles/"+vip+"/remove", key, fmt.Sprintf(`{"userId":%d}`, int(number))); res.status != 200 || len(res.at("data.roles").([]any)) != 0 {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "DELETE", "/v1/roles/"+vip, key, ""); res.status != 200 || res.at("data._id") != vip {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/servers/"+home+"/roles", key, ""); cmp.Diff([]string{"Top", "@all"}, titles(res)) != "" {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}

func TestRoleOfEveryoneCannotBeRemoved(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		importFile(t, a, key, members)
		everyone, _ := send(t, a, "GET", "/v1/servers/"+home+"/roles", key, "").at("data.0._id").(string)
		for name, c := range map[string]struct{ method, path, body string }{
			"title":  {"PUT", "", `{"title":"all"}`},
			"order":  {"PUT", "", `{"order":1}`},
			"delete": {"DELETE", "", ""},
			"add":    {"POST", "/add", `{"userId":"ada"}`},
			"remove": {"POST", "/remove", `{"userId":"ada"}`},
		} {
			if res := send(t, a, c.method, "/v1/roles/"+everyone+c.path, key, c.body); res.status != 409 || res.code() != "role_of_everyone" {
				t.Errorf("%s: %d %s", name, res.status, res.text)
			}
		}
		if res := send(t, a, "PUT", "/v1/roles/"+everyone, key, `{"channel_permissions":{"post_analysis":true}}`); res.status != 200 || res.at("data.title") != "@all" {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}

func TestRoleOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, theirs := a.Key(t, a.Community(t)), a.Key(t, a.Community(t))
		importFile(t, a, theirs, members)
		importFile(t, a, mine, "First Name,Last Name,Username,Email\nGrace,Hopper,grace,grace@example.com\n")
		role := createRole(t, a, mine, `{"title":"VIP"}`)
		for _, c := range []struct{ method, path, body, code string }{
			{"PUT", "/v1/roles/" + role, `{"title":"x"}`, "role_not_found"},
			{"DELETE", "/v1/roles/" + role, "", "role_not_found"},
			{"POST", "/v1/roles/" + role + "/add", `{"userId":"ada"}`, "role_not_found"},
			{"POST", "/v1/roles/" + role + "/add", `{"userId":"grace"}`, "user_not_found"},
			{"POST", "/v1/roles/" + role + "/remove", `{"userId":"ada"}`, "role_not_found"},
			{"GET", "/v1/roles/grace", "", "user_not_found"},
			{"PUT", "/v1/roles/nonsense", `{"title":"x"}`, "role_not_found"},
		} {
			if res := send(t, a, c.method, c.path, theirs, c.body); res.status != 404 || res.code() != c.code {
				t.Errorf("%s %s: %d %s", c.method, c.path, res.status, res.text)
			}
		}
	})
}
