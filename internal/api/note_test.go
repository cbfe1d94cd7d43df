package api_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestNotesAreCreatedUpdatedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, permission.ManageUser, permission.CreateUser)
		grace := userOf(t, a, key, "grace")
		notes := "/v1/communities/" + community + "/users/" + grace + "/notes"
		created := send(t, a, "POST", notes, key, `{"text":"  Called.\r\nCall again.  "}`)
		if created.status != 201 || created.at("data.text") != "Called.\nCall again." || created.at("data.version") != 1.0 || created.at("data.userId") != grace {
			t.Fatalf("%d %s", created.status, created.text)
		}
		second := send(t, a, "POST", notes, key, `{"text":"Second"}`)
		first := created.at("data._id").(string)
		listed := send(t, a, "GET", notes+"?limit=1", key, "")
		if listed.at("data.0._id") != second.at("data._id") || listed.at("meta.nextCursor") == nil {
			t.Errorf("%s", listed.text)
		}
		rest := send(t, a, "GET", notes+"?limit=1&cursor="+listed.at("meta.nextCursor").(string), key, "")
		if rest.at("data.0._id") != first || rest.at("meta.nextCursor") != nil {
			t.Errorf("%s", rest.text)
		}
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
		}{
			{"an update", "PUT", notes + "/" + first, `{"text":"Changed","version":1}`, 200, ""},
			{"a stale update", "PUT", notes + "/" + first, `{"text":"Lost","version":1}`, 409, "stale_version"},
			{"an update of any version", "PUT", notes + "/" + first, `{"text":"Changed again"}`, 200, ""},
			{"no text", "PUT", notes + "/" + first, `{"text":" \n "}`, 400, "invalid_input"},
			{"a long text", "POST", notes, `{"text":"` + strings.Repeat("é", 2001) + `"}`, 400, "invalid_input"},
			{"the longest text", "POST", notes, `{"text":"` + strings.Repeat("é", 2000) + `"}`, 201, ""},
			{"control characters", "POST", notes, `{"text":"a\u0007b"}`, 400, "invalid_input"},
			{"a missing note", "PUT", notes + "/6a21d1c09f3b0c4d5e6f7a8b", `{"text":"x"}`, 404, "note_not_found"},
			{"a missing user", "GET", strings.Replace(notes, grace, "6a21d1c09f3b0c4d5e6f7a8b", 1), "", 404, "user_not_found"},
			{"another user", "DELETE", strings.Replace(notes, grace, userOf(t, a, key, "ada"), 1) + "/" + first, "", 404, "note_not_found"},
			{"a deletion", "DELETE", notes + "/" + first, "", 200, ""},
			{"a second deletion", "DELETE", notes + "/" + first, "", 404, "note_not_found"},
		} {
			if got := send(t, a, c.method, c.path, key, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		weak := a.Key(t, community, permission.GetUserData)
		if got := send(t, a, "GET", notes, weak, ""); got.status != 403 || got.code() != "missing_permission" {
			t.Errorf("without the permission: %d %s", got.status, got.text)
		}
	})
}

func TestNotesBelongToTheirAuthorsAndAreHiddenFromTheMember(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		owner, ownerToken := a.Owner(t, community, "owner")
		key := a.Key(t, community)
		graceID := userOf(t, a, key, "grace")
		moderatorID := userOf(t, a, key, "mod")
		_, moderator := a.Claim(t, community, "mod")
		role := send(t, a, "POST", "/v1/roles", ownerToken, `{"serverId":"`+community+`","title":"Moderator","server_permissions":{"warn_members":true}}`)
		if role.status/100 != 2 {
			t.Fatalf("%d %s", role.status, role.text)
		}
		if added := send(t, a, "POST", "/v1/roles/"+role.at("data._id").(string)+"/add", ownerToken, `{"userId":"`+moderatorID+`"}`); added.status/100 != 2 {
			t.Fatalf("%d %s", added.status, added.text)
		}
		of := func(user string) string { return "/v1/communities/" + community + "/users/" + user + "/notes" }
		ofOwner := send(t, a, "POST", of(graceID), ownerToken, `{"text":"By the owner"}`)
		own := send(t, a, "POST", of(graceID), moderator, `{"text":"By the moderator"}`)
		if ofOwner.status != 201 || own.status != 201 || own.at("data.author.name") != "mod" {
			t.Fatalf("%s %s", ofOwner.text, own.text)
		}
		ownPath, ownersPath := of(graceID)+"/"+own.at("data._id").(string), of(graceID)+"/"+ofOwner.at("data._id").(string)
		for _, c := range []struct {
			name, method, path, token, body string
			status                          int
			code                            string
		}{
			{"the note of another", "PUT", ownersPath, moderator, `{"text":"x"}`, 403, "not_your_note"},
			{"deleting the note of another", "DELETE", ownersPath, moderator, "", 403, "not_your_note"},
			{"the own note", "PUT", ownPath, moderator, `{"text":"Changed"}`, 200, ""},
			{"a moderator's note by the owner", "DELETE", ownPath, ownerToken, "", 200, ""},
			{"notes on oneself", "GET", of(moderatorID), moderator, "", 403, "not_yourself"},
			{"notes on oneself as the owner", "GET", of(owner.ID), ownerToken, "", 403, "not_yourself"},
		} {
			if got := send(t, a, c.method, c.path, c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		other := a.Key(t, a.Community(t))
		if got := send(t, a, "GET", of(graceID), other, ""); got.status != 403 || got.code() != "wrong_community" {
			t.Errorf("a key of another community: %d %s", got.status, got.text)
		}
		log := send(t, a, "GET", "/v1/servers/"+community+"/audit-log", ownerToken, "")
		if strings.Contains(log.text, "By the") || !strings.Contains(log.text, "note.create") || !strings.Contains(log.text, "note.update") || !strings.Contains(log.text, "note.delete") {
			t.Errorf("the audit log: %s", log.text)
		}
	})
}

// userOf creates an unclaimed member and returns its id.
func userOf(t *testing.T, a *apptest.App, key, username string) string {
	t.Helper()
	created := send(t, a, "POST", "/v1/users", key, `{"email":"`+username+`@example.com","username":"`+username+`","firstName":"A","lastName":"B"}`)
	id, ok := created.at("data._id").(string)
	if !ok {
		t.Fatalf("%d %s", created.status, created.text)
	}
	return id
}
