package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestMembersAreBlockedListedAndUnblocked(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		home := createServer(t, a, owner, "Rovers")
		_, ada := joined(t, a, home, owner, "ada")
		_, ben := joined(t, a, home, owner, "ben")
		elsewhere := a.Community(t)
		_, stranger := a.Owner(t, elsewhere, "stranger")
		const missing = "6a21d1c09f3b0c4d5e6f7a8b"
		for _, c := range []struct {
			name, method, user, token string
			status                    int
			code                      string
		}{
			{"a block", "PUT", "ben", ada, 200, ""},
			{"a repeated block", "PUT", "ben", ada, 200, ""},
			{"oneself", "PUT", "ada", ada, 400, "cannot_block_yourself"},
			{"a missing member", "PUT", missing, ada, 404, "user_not_found"},
			{"a member of another community", "PUT", "stranger", ada, 404, "user_not_found"},
			{"unblocking a missing member", "DELETE", missing, ada, 404, "user_not_found"},
			{"a key", "PUT", "ben", a.Key(t, home), 403, "person_required"},
			{"a key without permissions for messages", "DELETE", "ben", a.Key(t, home, permission.ManageChannels), 403, "person_required"},
			{"a person of another community", "PUT", "ben", stranger, 404, "user_not_found"},
			{"no credential", "PUT", "ben", "", 401, "authentication_required"},
		} {
			if got := send(t, a, c.method, "/v1/blocks/"+c.user, c.token, ""); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "PUT", "/v1/blocks/ben?communityId="+home, stranger, ""); got.status != 404 || got.code() != "community_not_found" {
			t.Errorf("a community of others: %d %s", got.status, got.text)
		}
		listed := send(t, a, "GET", "/v1/blocks", ada, "")
		if list, _ := listed.body["data"].([]any); len(list) != 1 || listed.at("data.0.user.username") != "ben" || listed.at("data.0.createdAt") == nil {
			t.Errorf("%d %s", listed.status, listed.text)
		}
		if got := send(t, a, "GET", "/v1/blocks", ben, ""); cmp.Diff([]any{}, got.body["data"]) != "" {
			t.Errorf("the blocked member sees %s", got.text)
		}
		if got := send(t, a, "GET", "/v1/blocks", a.Key(t, home), ""); got.status != 403 || got.code() != "person_required" {
			t.Errorf("a key lists: %d %s", got.status, got.text)
		}
		for range 2 {
			if got := send(t, a, "DELETE", "/v1/blocks/ben", ada, ""); got.status != 200 {
				t.Errorf("%d %s", got.status, got.text)
			}
		}
		if got := send(t, a, "GET", "/v1/blocks", ada, ""); cmp.Diff([]any{}, got.body["data"]) != "" {
			t.Errorf("%s", got.text)
		}
	})
}
