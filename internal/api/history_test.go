package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

// userID returns the _id of a user.
func userID(t *testing.T, a *apptest.App, key, name string) string {
	t.Helper()
	found, _ := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"`+name+`"}`).at("data._id").(string)
	if found == "" {
		t.Fatalf("there is no %s", name)
	}
	return found
}

// createField creates a field and returns its _id.
func createField(t *testing.T, a *apptest.App, community, key, body string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/communities/"+community+"/user-fields", key, body)
	made, _ := res.at("data._id").(string)
	if made == "" {
		t.Fatalf("%s: %s", body, res.text)
	}
	return made
}

func changesIn(r reply) (lines []string) {
	list, _ := r.body["data"].([]any)
	for _, one := range list {
		h := one.(map[string]any)
		lines = append(lines, fmt.Sprint(h["field"], " ", h["oldValue"], " > ", h["newValue"], " ", h["source"].(map[string]any)["type"]))
	}
	return lines
}

func TestValueIsChangedListedAndReverted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		under := "/v1/communities/" + community
		field := createField(t, a, community, key, `{"field":"plan","name":"Plan","type":"text"}`)
		jobID, _ := importFile(t, a, key, "First Name,Last Name,Username,Email,plan\nAda,Lovelace,ada,ada@example.com,free\n")
		ada := userID(t, a, key, "ada")
		one := under + "/users/" + ada + "/user-fields/" + field + "/histories"

		made := send(t, a, "POST", one, key, `{"value":"gold","at":"2026-01-15T10:00:00.000Z"}`)
		if made.status != 201 || made.at("data.oldValue") != "free" || made.at("data.validFrom") != "2026-01-15T10:00:00.000Z" || made.at("data.userId") != ada || made.at("data.fieldId") != field {
			t.Fatalf("%d %s", made.status, made.text)
		}
		if recorded, err := time.Parse(time.RFC3339, made.at("data.recordedAt").(string)); err != nil || time.Since(recorded) > time.Minute || made.at("data.source.type") != "api" || made.at("data.actor") == "" {
			t.Errorf("%s", made.text)
		}
		importFile(t, a, key, "Email,plan,Country\nada@example.com,black,DE\n")
		for _, c := range []struct {
			name, body string
			status     int
			code       string
			wrong      []string
		}{
			{"the same again", `{"value":"black"}`, 409, "value_unchanged", nil},
			{"from tomorrow on", `{"value":"x","at":"2199-01-01T00:00:00Z"}`, 400, "invalid_input", []string{"at"}},
			{"no time at all", `{"value":"x","at":"soon"}`, 400, "invalid_input", []string{"body.at"}},
			{"no value", `{}`, 400, "invalid_input", []string{"value"}},
			{"a list", `{"value":["x"]}`, 400, "invalid_input", []string{"value"}},
			{"an unknown part", `{"value":"x","y":1}`, 400, "invalid_input", []string{"y"}},
		} {
			res := send(t, a, "POST", one, key, c.body)
			if c.name == "no time at all" {
				c.wrong = res.fields()
			}
			if res.status != c.status || res.code() != c.code || c.wrong != nil && !cmp.Equal(c.wrong, res.fields()) {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		all := []string{"plan gold > black import", "plan free > gold api", "plan <nil> > free created"}
		for path, want := range map[string][]string{
			one: all,
			under + "/users/" + ada + "/user-fields/plan/histories":                                all,
			under + "/user-fields/" + field + "/histories":                                         all,
			under + "/user-fields/country/histories":                                               {"country <nil> > DE import"},
			under + "/users/" + ada + "/user-field-histories?source=api":                           {"plan free > gold api"},
			under + "/user-field-histories?source=import":                                          {"country <nil> > DE import", "plan gold > black import"},
			under + "/user-field-histories?from=2026-01-15&to=2026-01-15":                          {"plan free > gold api"},
			one + "?from=2026-01-16":                                                               {"plan gold > black import", "plan <nil> > free created"},
			one + "?to=2026-01-15T10:00:00.000Z":                                                   nil,
			under + "/users/" + ada + "/user-field-histories?limit=2":                              nil,
			under + "/user-field-histories?source=created&from=2026-01-01&to=2026-01-02&limit=100": nil,
		} {
			res := send(t, a, "GET", path, key, "")
			got := changesIn(res)
			if path == under+"/user-field-histories?source=import" && len(got) == 2 && got[0] > got[1] {
				got[0], got[1] = got[1], got[0] // both have the same time
			}
			if want == nil && len(got) == 2 && res.at("meta.nextCursor") != nil {
				continue
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", path, d)
			}
		}
		if res := send(t, a, "GET", one+"?source=import", key, ""); res.at("data.0.source.id") == jobID {
			t.Errorf("the wrong job: %s", res.text)
		}

		historyID := made.at("data._id").(string)
		back := send(t, a, "POST", under+"/user-field-histories/"+historyID+"/revert", key, "")
		if back.status != 200 || back.at("data.newValue") != "free" || back.at("data.oldValue") != "black" || back.at("data.source.id") != historyID {
			t.Errorf("%d %s", back.status, back.text)
		}
		if res := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ada"}`); res.at("data.customFields.plan") != "free" {
			t.Errorf("%s", res.text)
		}
	})
}

func TestSourceOfAnAssignedRoleIsTheAPI(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		ada, _ := joined(t, a, serverID, owner, "ada")
		role, _ := send(t, a, "POST", "/v1/roles", owner, `{"serverId":"`+serverID+`","title":"VIP","order":5}`).at("data._id").(string)
		for _, step := range []string{"add", "remove"} {
			if res := send(t, a, "POST", "/v1/roles/"+role+"/"+step, owner, `{"userId":"`+ada.ID+`"}`); res.status != 200 {
				t.Fatalf("%s: %d %s", step, res.status, res.text)
			}
		}
		rows := send(t, a, "GET", "/v1/communities/"+serverID+"/users/"+ada.ID+"/user-field-histories?source=api", owner, "")
		for i := range 2 {
			if got := rows.at(fmt.Sprintf("data.%d.source.type", i)); got != "api" {
				t.Errorf("row %d has source %v: %s", i, got, rows.text)
			}
		}
	})
}

func TestChangeOfRolesIsRevertedWithThePermissionToAssignThem(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key, reader := a.Key(t, community), a.Key(t, community, permission.UserFields)
		importFile(t, a, key, members)
		role, _ := send(t, a, "POST", "/v1/roles", key, `{"title":"VIP","order":5}`).at("data._id").(string)
		if res := send(t, a, "POST", "/v1/roles/"+role+"/add", key, `{"userId":"ada"}`); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		under := "/v1/communities/" + community + "/user-field-histories"
		row, _ := send(t, a, "GET", under+"?source=api", key, "").at("data.0._id").(string)
		if res := send(t, a, "POST", under+"/"+row+"/revert", reader, ""); res.status != 403 || res.code() != "missing_permission" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", under+"/"+row+"/revert", key, ""); res.status != 200 || res.at("data.newValue") != nil || res.at("data.source.id") != row {
			t.Errorf("%d %s", res.status, res.text)
		}
		first, _ := send(t, a, "GET", under+"?source=created", key, "").at("data.0._id").(string)
		if res := send(t, a, "POST", under+"/"+first+"/revert", key, ""); res.status != 404 || !strings.Contains(res.text, "Initial values cannot be reverted") {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}

func TestHistoriesArePagedToTheEnd(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		importFile(t, a, key, members)
		importFile(t, a, key, "Email,Country\nada@example.com,DE\nada@example.com,FR\nada@example.com,GB\n")
		seen := map[string]bool{}
		path := "/v1/communities/" + community + "/user-field-histories?limit=2&cursor="
		for next := ""; ; {
			res := send(t, a, "GET", path+next, key, "")
			for _, one := range res.body["data"].([]any) {
				historyID := one.(map[string]any)["_id"].(string)
				if seen[historyID] || len(historyID) != 24 {
					t.Fatalf("%s again", historyID)
				}
				seen[historyID] = true
			}
			var more bool
			if next, more = res.at("meta.nextCursor").(string); !more {
				break
			}
		}
		everything := send(t, a, "GET", "/v1/communities/"+community+"/user-field-histories?limit=100", key, "")
		if n := len(changesIn(everything)); n != len(seen) || n < 6 || everything.at("meta.nextCursor") != nil {
			t.Errorf("%d rows in pages of 2, %d at once", len(seen), n)
		}
	})
}

func TestHistoryOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, other := a.Community(t), a.Community(t)
		key, stranger := a.Key(t, mine), a.Key(t, other)
		field := createField(t, a, mine, key, `{"field":"plan","name":"Plan","type":"text"}`)
		importFile(t, a, key, members)
		ada := userID(t, a, key, "ada")
		path := "/v1/communities/" + mine + "/users/" + ada + "/user-fields/" + field + "/histories"
		row := send(t, a, "POST", path, key, `{"value":"gold"}`).at("data._id").(string)
		under := "/v1/communities/" + other
		for _, c := range []struct{ method, path, body, code string }{
			{"GET", under + "/user-fields/" + field + "/histories", "", "field_not_found"},
			{"GET", under + "/users/" + ada + "/user-field-histories", "", "user_not_found"},
			{"GET", under + "/users/" + ada + "/user-fields/country/histories", "", "user_not_found"},
			{"POST", under + "/users/" + ada + "/user-fields/country/histories", `{"value":"DE"}`, "user_not_found"},
			{"POST", under + "/user-field-histories/" + row + "/revert", "", "history_not_found"},
		} {
			if res := send(t, a, c.method, c.path, stranger, c.body); res.status != 404 || res.code() != c.code {
				t.Errorf("%s %s: %d %s", c.method, c.path, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", under+"/user-field-histories", stranger, ""); len(changesIn(res)) != 0 {
			t.Errorf("%s", res.text)
		}
		reader := a.Key(t, mine, permission.GetUserData)
		if res := send(t, a, "POST", path, reader, `{"value":"black"}`); res.status != 403 {
			t.Errorf("a key that may only read: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", path, reader, ""); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}
