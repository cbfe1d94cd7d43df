package api_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// wire is an event as a client sees it.
type wire struct {
	ID, Type, CommunityID, UserID, OccurredAt string
	Sequence                                  int64
	Actor                                     *struct{ Type, ID string }
	Data                                      map[string]any
}

// feed reads a page of events and returns it with the body of the response.
func feed(t *testing.T, a *apptest.App, key, query string) (list []wire, res reply) {
	t.Helper()
	res = send(t, a, "GET", "/v1/events"+query, key, "")
	var body struct{ Data []wire }
	if err := json.Unmarshal([]byte(res.text), &body); res.status != 200 || err != nil {
		t.Fatalf("%d %s, %v", res.status, res.text, err)
	}
	return body.Data, res
}

// feedTypes are the types of events.
func feedTypes(list []wire) (types []string) {
	for _, e := range list {
		types = append(types, e.Type)
	}
	return types
}

// latest waits until a community has n events.
func latest(t *testing.T, a *apptest.App, key string, n int) {
	t.Helper()
	for after := 0; after < n; {
		list, res := feed(t, a, key, fmt.Sprintf("?wait=30&after=%d", after))
		if len(list) == 0 {
			t.Fatalf("no event after %d: %s", after, res.text)
		}
		after += len(list)
	}
}

func TestFeedHasTheEventsOfACommunityInOrder(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		key := a.Key(t, communityID)
		jobID, _ := importFile(t, a, key, members)
		list, res := feed(t, a, key, "?wait=30&types=bulk_job.finished")
		if got := feedTypes(list); !reflect.DeepEqual(got, []string{"bulk_job.finished"}) {
			t.Fatalf("%s", res.text)
		}
		list, res = feed(t, a, key, "")
		if got := feedTypes(list); !reflect.DeepEqual(got, []string{"members.imported", "bulk_job.finished"}) {
			t.Fatalf("%s", res.text)
		}
		e := list[0]
		if e.Sequence != 1 || e.CommunityID != communityID || e.UserID != "" || len(e.ID) != 24 || e.OccurredAt == "" || e.Actor == nil || e.Actor.Type != "key" || e.Actor.ID == "" {
			t.Errorf("%+v", e)
		}
		want := map[string]any{"jobId": jobID, "jobType": "import", "firstLine": 2.0, "lastLine": 3.0, "createdCount": 2.0, "updatedCount": 0.0, "created": e.Data["created"]}
		if !reflect.DeepEqual(e.Data, want) {
			t.Errorf("%v", e.Data)
		}
		packed, err := base64.StdEncoding.DecodeString(e.Data["created"].(string))
		if err != nil || len(packed) != 24 {
			t.Fatalf("%x, %v", packed, err)
		}
		first := send(t, a, "GET", "/v1/communities/"+communityID+"/users/"+hex.EncodeToString(packed[:12]), key, "")
		if first.at("data.username") != "ada" {
			t.Errorf("%s", first.text)
		}
		if meta := res.body["meta"]; !reflect.DeepEqual(meta, map[string]any{"next": 2.0, "latest": 2.0, "oldest": 1.0}) {
			t.Errorf("%v", meta)
		}
		for query, want := range map[string][]string{
			"?after=1":                    {"bulk_job.finished"},
			"?limit=1":                    {"members.imported"},
			"?after=2&wait=0":             nil,
			"?types=user.left_server":     nil,
			"?types=members.imported,%20": {"members.imported"},
		} {
			if list, res := feed(t, a, key, query); !reflect.DeepEqual(feedTypes(list), want) {
				t.Errorf("%s: %s", query, res.text)
			}
		}
	})
}

func TestFeedRejectsUnknownTypesAndDeletedEvents(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		if _, res := feed(t, a, key, ""); !reflect.DeepEqual(res.body["meta"], map[string]any{"next": 0.0, "latest": 0.0, "oldest": 1.0}) {
			t.Errorf("%s", res.text)
		}
		for _, query := range []string{"?types=no.such", "?after=-1", "?limit=1001", "?wait=31"} {
			if res := send(t, a, "GET", "/v1/events"+query, key, ""); res.status != 400 {
				t.Errorf("%s: %d %s", query, res.status, res.text)
			}
		}
		importFile(t, a, key, members)
		latest(t, a, key, 2)
		if _, err := a.DB.Exec(t.Context(), "DELETE FROM events WHERE sequence = 1"); err != nil {
			t.Fatal(err)
		}
		res := send(t, a, "GET", "/v1/events", key, "")
		if res.status != 410 || res.code() != "expired" || res.at("details.oldest") != 2.0 {
			t.Errorf("%d %s", res.status, res.text)
		}
		if list, _ := feed(t, a, key, "?after=1"); len(list) != 1 {
			t.Errorf("%v", list)
		}
	})
}

func TestFeedIsForOneCommunityAndNeedsItsPermission(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, theirs := a.Community(t), a.Community(t)
		key := a.Key(t, mine)
		importFile(t, a, key, members)
		latest(t, a, key, 2)
		if list, res := feed(t, a, a.Key(t, theirs, "webhooks"), ""); len(list) != 0 {
			t.Errorf("%s", res.text)
		}
		_, owner := a.Owner(t, mine, "olga")
		_, person := joined(t, a, mine, owner, "max")
		for _, c := range []struct {
			name, token, query, code string
			status                   int
		}{
			{"key with the permission", a.Key(t, mine, "webhooks"), "", "", 200},
			{"key without it", a.Key(t, mine, "getUserData", "community"), "", "missing_permission", 403},
			{"key of another community", a.Key(t, theirs, "webhooks"), "?communityId=" + mine, "wrong_community", 403},
			{"owner", owner, "?communityId=" + mine, "", 200},
			{"member", person, "?communityId=" + mine, "missing_permission", 403},
			{"non-member", person, "?communityId=" + theirs, "community_not_found", 404},
			{"nobody", "", "?communityId=" + mine, "authentication_required", 401},
		} {
			if res := send(t, a, "GET", "/v1/events"+c.query, c.token, ""); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		role := send(t, a, "POST", "/v1/roles", owner, `{"communityId":"`+mine+`","title":"Tech","class":"#112233","order":1,"server_permissions":{"manage_integrations":true}}`)
		roleID, _ := role.at("data._id").(string)
		if res := send(t, a, "POST", "/v1/roles/"+roleID+"/add", owner, `{"communityId":"`+mine+`","userId":"max"}`); res.status != 200 {
			t.Fatalf("%d %s, %s", res.status, res.text, role.text)
		}
		list, _ := feed(t, a, person, "?wait=30&types=user.role_added&communityId="+mine)
		if e := list[len(list)-1]; e.Type != "user.role_added" || e.UserID == "" || e.Actor.Type != "user" || e.Data["title"] != "Tech" {
			t.Errorf("%+v", e)
		}
	})
}

func TestWaitingRequestIsAnsweredByTheNextEvent(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		key := a.Key(t, communityID)
		_, owner := a.Owner(t, communityID, "olga")
		latest(t, a, key, 1)
		answered := make(chan reply)
		go func() { answered <- send(t, a, "GET", "/v1/events?after=1&wait=30&types=user.joined_server", key, "") }()
		joined(t, a, communityID, owner, "max")
		res := <-answered
		if res.at("data.0.data.user.username") != "max" || res.at("data.1") != nil {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}

func TestWaitingRequestOfARevokedKeyReceivesNothing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		_, owner := a.Owner(t, communityID, "olga")
		made := send(t, a, "POST", "/v1/communities/"+communityID+"/api-keys", owner, `{"name":"feed","permissions":["webhooks"]}`)
		key, keyID := made.at("data.key").(string), made.at("data._id").(string)
		latest(t, a, key, 1)
		answered := make(chan reply)
		go func() { answered <- send(t, a, "GET", "/v1/events?after=1&wait=30&types=user.joined_server", key, "") }()
		if res := send(t, a, "DELETE", "/v1/communities/"+communityID+"/api-keys/"+keyID, owner, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		joined(t, a, communityID, owner, "max")
		if res := <-answered; res.status != 401 {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}
