package api_test

import (
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestTagsAreRenamedAndMerged(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community, elsewhere := a.Community(t), a.Community(t)
		key := a.Key(t, community, permission.UserFields, permission.GetUserData, permission.CreateUser)
		tags := "/v1/communities/" + community + "/tags"
		create := func(path, key, name string) string {
			t.Helper()
			got := send(t, a, "POST", path, key, `{"name":"`+name+`"}`)
			if got.status != 201 {
				t.Fatalf("%d %s", got.status, got.text)
			}
			return got.at("data._id").(string)
		}
		vip, other := create(tags, key, "Vip"), create(tags, key, "VIP")
		foreign := create("/v1/communities/"+elsewhere+"/tags", a.Key(t, elsewhere, permission.UserFields), "VIP")
		grace := userOf(t, a, key, "grace")
		if got := send(t, a, "POST", "/v1/communities/"+community+"/users/"+grace+"/user-fields/tag/histories", key, `{"value":["Vip"]}`); got.status != 201 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		weak := a.Key(t, community, permission.GetUserData)
		importer := a.Key(t, community, permission.BulkUpdateUser)
		for _, c := range []struct {
			name, key, id, body string
			status              int
			code                string
			want                any // data._id
		}{
			{"a rename", key, vip, `{"name":"Vips"}`, 200, "", vip},
			{"a rename with the permission of imports", importer, vip, `{"name":"Vip"}`, 200, "", vip},
			{"the same name", key, vip, `{"name":"Vip","merge":true}`, 200, "", vip},
			{"a taken name", key, vip, `{"name":"VIP"}`, 409, "duplicate_tag", nil},
			{"a taken name without merge", key, vip, `{"name":"VIP","merge":false}`, 409, "duplicate_tag", nil},
			{"no name", key, vip, `{"merge":true}`, 400, "invalid_input", nil},
			{"a comma", key, vip, `{"name":"a,b"}`, 400, "invalid_input", nil},
			{"without the permission", weak, vip, `{"name":"VIP","merge":true}`, 403, "missing_permission", nil},
			{"a tag of another community", key, foreign, `{"name":"VIP","merge":true}`, 404, "tag_not_found", nil},
			{"a merge", key, vip, `{"name":"VIP","merge":true}`, 200, "", other},
			{"a merged tag", key, vip, `{"name":"VIP","merge":true}`, 404, "tag_not_found", nil},
		} {
			got := send(t, a, "PUT", tags+"/"+c.id, c.key, c.body)
			if got.status != c.status || got.code() != c.code || c.want != nil && got.at("data._id") != c.want {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "DELETE", tags+"/"+vip, key, ""); got.status != 404 {
			t.Errorf("a merged tag was deleted: %d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", tags, key, ""); got.at("data.0._id") != other || got.at("data.1") != nil {
			t.Errorf("%s", got.text)
		}
		for _, ref := range []string{"VIP", vip, other} { // the job may not have run
			got := send(t, a, "GET", "/v1/communities/"+community+"/users?tag="+ref, key, "")
			if got.at("data.0._id") != grace || got.at("data.0.tags.0") != "VIP" || got.at("data.1") != nil {
				t.Errorf("%s: %s", ref, got.text)
			}
		}
	})
}
