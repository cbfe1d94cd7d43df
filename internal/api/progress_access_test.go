package api_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

// unfinished creates a job that never ends.
func unfinished(t *testing.T, a *apptest.App, community, key string) (jobID string) {
	t.Helper()
	done := a.Import(t, community, key, manyMembers(1), nil)
	if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'running', finished_at = 0 WHERE id = $1", done.JobID); err != nil {
		t.Fatal(err)
	}
	return done.JobID
}

func TestStreamEndsWithTheAccessToIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		role, err := a.Access.CreateRole(t.Context(), apptest.Operator, m.serverID, access.RoleInput{Title: "importer", ServerPermissions: map[string]bool{permission.ServerAdministrator: true}})
		if err != nil {
			t.Fatal(err)
		}
		jobID := unfinished(t, a, m.serverID, a.Key(t, m.serverID))
		key := func() string { return a.Key(t, m.serverID, permission.BulkUpdateUser) }
		of := func(token string) func() string { return func() string { return token } }
		exec := func(query string, args ...any) func(*testing.T) {
			return func(t *testing.T) {
				if _, err := a.DB.Exec(t.Context(), query, args...); err != nil {
					t.Error(err)
				}
			}
		}
		importer := func(name string) (token, userID string) {
			made, token := joined(t, a, m.serverID, m.owner, name)
			if _, err := a.Members.AddRole(t.Context(), apptest.Operator, m.serverID, made.ID, role.ID, member.Source{Type: "api"}); err != nil {
				t.Fatal(err)
			}
			return token, made.ID
		}
		suspended, suspendedID := importer("suspended")
		signedOut, signedOutID := importer("signed-out")
		demoted, demotedID := importer("demoted")
		for _, c := range []struct {
			name  string
			token func() string
			code  string
			end   func(*testing.T)
		}{
			{"a key that is switched off", key, "credential_inactive", exec("UPDATE api_keys SET active = FALSE WHERE community_id = $1", m.serverID)},
			{"a key that is deleted", key, "invalid_credential", exec("DELETE FROM api_keys WHERE community_id = $1", m.serverID)},
			{"a key that loses the permission", key, "missing_permission", exec("UPDATE api_keys SET permissions = '[\"getUserData\"]' WHERE community_id = $1", m.serverID)},
			{"a suspension", of(suspended), "suspended", func(t *testing.T) {
				until := clock.Clock{}.Now().Add(time.Hour).Format(time.RFC3339)
				if res := m.penalise(t, a, m.owner, suspendedID, "suspend", until); res.status != 201 {
					t.Errorf("%d %s", res.status, res.text)
				}
			}},
			{"a sign-out", of(signedOut), "invalid_credential", exec("DELETE FROM sessions WHERE account_id = $1", signedOutID)},
			{"a lost role", of(demoted), "missing_permission", func(t *testing.T) {
				if _, err := a.Members.RemoveRole(t.Context(), apptest.Operator, m.serverID, demotedID, role.ID, member.Source{Type: "api"}); err != nil {
					t.Error(err)
				}
			}},
			{"the deletion of the community", of(m.owner), "community_not_found", func(t *testing.T) {
				if res := send(t, a, "DELETE", m.address+"?confirm=Rovers", m.owner, ""); res.status != 200 {
					t.Errorf("%d %s", res.status, res.text)
				}
			}},
		} {
			events := listenUntil(t, a, c.token(), m.serverID, jobID, c.end)
			if last := events[len(events)-1]; last.name != "dropped" || last.status["code"] != c.code {
				t.Errorf("%s: the last of %d events is %v, want dropped with %s", c.name, len(events), last, c.code)
			}
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.StreamCheck = 10 * time.Millisecond }))
}

func TestOpenStreamsOfAKeyAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		jobID := unfinished(t, a, community, key)
		open := func(key string, status int) { // the stream stays open until the test ends
			t.Helper()
			res := openProgress(t, a, key, community, jobID)
			t.Cleanup(func() { _ = res.Body.Close() })
			if retry := res.Header.Get("Retry-After"); res.StatusCode != status || (status != 200) != (retry != "") {
				t.Errorf("%d, want %d; Retry-After %q", res.StatusCode, status, retry)
			}
		}
		open(key, 200)
		open(key, 429)
		open(a.Key(t, community), 200)
		open(a.Key(t, community), 503)
	}, apptest.WithConfig(func(c *apptest.Config) { c.StreamsPerOwner, c.Streams = 1, 2 }))
}
