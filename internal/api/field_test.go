package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestFieldIsReadUpdatedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		under := "/v1/communities/" + community + "/user-fields"
		field := createField(t, a, community, key, `{"field":"plan","name":"Plan","type":"text","defaultValue":"free"}`)
		importFile(t, a, key, "First Name,Last Name,Username,Email,plan\nAda,Lovelace,ada,ada@example.com,12\nBob,Byron,bob,bob@example.com,gold\n")
		one := under + "/" + field
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
			wrong                    []string
		}{
			{"by its name", "GET", under + "/plan", "", 200, "", nil},
			{"a default one", "GET", under + "/country", "", 200, "", nil},
			{"a missing one", "GET", under + "/none", "", 404, "field_not_found", nil},
			{"values that do not fit", "PUT", one, `{"type":"number","defaultValue":null}`, 409, "values_do_not_fit", []string{"type"}},
			{"a default value of another type", "PUT", one, `{"type":"number"}`, 400, "invalid_input", []string{"defaultValue"}},
			{"an unknown part", "PUT", one, `{"typ":"number"}`, 400, "invalid_input", []string{"typ"}},
			{"a wrong part", "PUT", one, `{"required":"yes"}`, 400, "invalid_input", []string{"required"}},
			{"a default field", "PUT", under + "/email", `{"name":"Mail"}`, 409, "default_field", nil},
			{"all of it", "PUT", one, `{"field":"plan","name":"The plan","type":"select","options":["12","gold","black"],"required":true,"defaultValue":"black","description":"x","filterable":true,"order":3}`, 200, "", nil},
			{"an option that is used", "PUT", one, `{"options":["12","black"]}`, 409, "option_in_use", []string{"options"}},
			{"without a confirmation", "DELETE", one, "", 409, "confirm_needed", nil},
			{"with a wrong one", "DELETE", one + "?confirm=x", "", 409, "confirm_needed", nil},
			{"of a default field", "DELETE", under + "/email?confirm=email", "", 409, "default_field", nil},
		} {
			res := send(t, a, c.method, c.path, key, c.body)
			if res.status != c.status || res.code() != c.code || c.wrong != nil && !cmp.Equal(c.wrong, res.fields()) {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		now := send(t, a, "GET", one, key, "")
		want := map[string]any{
			"_id": field, "field": "plan", "name": "The plan", "type": "select", "options": []any{"12", "gold", "black"}, "required": true,
			"defaultValue": "black", "description": "x", "filterable": true, "identifier": false, "default": false, "order": 3.0,
		}
		got, _ := now.body["data"].(map[string]any)
		delete(got, "createdAt")
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if res := send(t, a, "PUT", one, key, `{"defaultValue":null}`); res.at("data.defaultValue") != nil || res.at("data.name") != "The plan" {
			t.Errorf("%s", res.text)
		}
		if res := send(t, a, "PUT", one, key, `{"options":["12","black"],"replace":{"gold":"black"}}`); res.status != 200 {
			t.Errorf("%s", res.text)
		}
		if res := send(t, a, "GET", one+"/histories?source=field", key, ""); len(changesIn(res)) != 1 || changesIn(res)[0] != "plan gold > black field" {
			t.Errorf("%s", res.text)
		}
		if res := send(t, a, "DELETE", one+"?confirm=plan", key, ""); res.status != 200 || res.at("data._id") != field {
			t.Errorf("%s", res.text)
		}
		if res := send(t, a, "GET", one+"/histories", key, ""); !strings.Contains(res.text, `"newValue":null`) || len(changesIn(res)) != 5 {
			t.Errorf("its history: %s", res.text)
		}
		if res := send(t, a, "GET", one, key, ""); res.status != 404 {
			t.Errorf("it is still there: %s", res.text)
		}
		log := send(t, a, "GET", "/v1/servers/"+community+"/audit-log?limit=100", key, "")
		for _, action := range []string{"field.create", "field.update", "field.delete"} {
			if log.status == 200 && !strings.Contains(log.text, action) {
				t.Errorf("%s is not in the log: %s", action, log.text)
			}
		}
	})
}

func TestFieldOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, other := a.Community(t), a.Community(t)
		field := createField(t, a, mine, a.Key(t, mine), `{"field":"plan","name":"Plan","type":"text"}`)
		stranger := a.Key(t, other)
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			body := ""
			if method == "PUT" {
				body = `{"name":"X"}`
			}
			if res := send(t, a, method, "/v1/communities/"+other+"/user-fields/"+field, stranger, body); res.status != 404 || res.code() != "field_not_found" {
				t.Errorf("%s: %d %s", method, res.status, res.text)
			}
			if res := send(t, a, method, "/v1/communities/"+mine+"/user-fields/"+field, stranger, body); res.status != 403 {
				t.Errorf("%s with a key of another community: %d %s", method, res.status, res.text)
			}
			reader := a.Key(t, mine, permission.GetUserData)
			if res := send(t, a, method, "/v1/communities/"+mine+"/user-fields/"+field, reader, body); (res.status == 200) != (method == "GET") {
				t.Errorf("%s with a key that may only read: %d %s", method, res.status, res.text)
			}
		}
	})
}
