package api_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb"
)

// fill inserts rows; values has a verb for the number of a row.
func fill(t *testing.T, a *apptest.App, table, columns, values, holder string, rows int) {
	t.Helper()
	err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
		for n := range rows {
			if _, err := tx.Exec(t.Context(), "INSERT INTO "+table+" ("+columns+") VALUES ("+fmt.Sprintf(values, n)+")", holder); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// race sends concurrent requests that create an object, and returns the number of
// successes. The others must fail with code.
func race(t *testing.T, a *apptest.App, path, token, code string, body func() string) int32 {
	t.Helper()
	var all sync.WaitGroup
	var made atomic.Int32
	for range 6 {
		text := body()
		all.Go(func() {
			res := send(t, a, "POST", path, token, text)
			if res.status < 300 {
				made.Add(1)
			} else if res.status != 409 || res.code() != code {
				t.Errorf("%s: %d %s", path, res.status, res.text)
			}
		})
	}
	all.Wait()
	return made.Load()
}

func TestObjectsOfACommunityAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		ada, token := person(t, a, "ada")
		serverID := createServer(t, a, token, "Rovers")
		key := a.Key(t, serverID, actor.PermAll)
		const id = "'6a21d1c0%016x', $1, "
		for _, c := range []struct {
			code, holder           string
			rows                   int // one below the limit
			table, columns, values string
			room                   string // allows one more
			path, token, body      string
		}{
			{
				"too_many_api_keys", serverID, 198, "api_keys", "id, community_id, key_hash, name, hint, permissions, active, created_by, limited_by, previous_expires_at, previous_limited_by, created_at, updated_at, expires_at, used_at",
				id + "'h%[1]d', 'k', '0000', '[]', TRUE, 'command', '', 0, '', 0, 0, 1, 0", "DELETE FROM api_keys WHERE key_hash = 'h3'",
				"/v1/communities/" + serverID + "/api-keys", token, `{"name":"%d","permissions":["store"]}`,
			},
			{
				"too_many_api_keys", ada.ID, 49, "account_api_keys", "id, account_id, key_hash, name, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at",
				id + "'h%[1]d', 'k', '0000', '[]', '[]', TRUE, 0, 0, 0, 0", "DELETE FROM account_api_keys WHERE key_hash = 'h3'",
				"/v1/users/" + ada.ID + "/api-keys", token, `{"name":"%d","permissions":["store"]}`,
			},
			{
				"too_many_roles", serverID, 248, "roles", "id, community_id, title, class, rank, everyone, billable, server_permissions, channel_permissions, created_at, updated_at",
				id + "'t%[1]d', '#808080', 1, FALSE, FALSE, '{}', '{}', 0, 0", "DELETE FROM roles WHERE title = 't3'",
				"/v1/roles", key, `{"title":"new %d"}`,
			},
			{
				"too_many_invites", serverID, 499, "invites", "code, id, community_id, max_uses, uses, expires_at, revoked_at, created_by, created_by_name, created_at",
				"'c%[1]d', 'c%[1]d', $1, 0, 0, 0, 0, '', '', 0", "UPDATE invites SET max_uses = 1, uses = 1 WHERE code = 'c3'",
				"/v1/servers/" + serverID + "/invites", token, `{"maxUses":%d}`,
			},
		} {
			fill(t, a, c.table, c.columns, c.values, c.holder, c.rows)
			n := 0
			body := func() string { n++; return fmt.Sprintf(c.body, n) }
			for _, when := range []string{"where one had room", "after room was made for one"} {
				if made := race(t, a, c.path, c.token, c.code, body); made != 1 {
					t.Errorf("%s: %d made %s", c.path, made, when)
				}
				if _, err := a.DB.Exec(t.Context(), c.room); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestOwnedCommunitiesAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		ada, token := person(t, a, "ada")
		actor := actor.Actor{Kind: actor.Session, AccountID: ada.ID}
		create := func() error {
			_, err := a.Access.CreateCommunity(t.Context(), actor, community.Input{Name: "Rovers"})
			return err
		}
		for range 99 {
			if err := create(); err != nil {
				t.Fatal(err)
			}
		}
		if made := race(t, a, "/v1/servers", token, "too_many_communities", func() string { return `{"name":"Rovers"}` }); made != 1 {
			t.Errorf("%d made where one had room", made)
		}
		actor.InstallationOwner = true
		if err := create(); err != nil {
			t.Errorf("who owns the installation: %v", err)
		}
	})
}
