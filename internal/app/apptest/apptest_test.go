package apptest_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestServerResponds(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		if status, _ := a.Do(t, http.MethodGet, "/healthz", "", nil); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		status, answer := a.Do(t, http.MethodGet, "/readyz", "", nil)
		nodes, _ := answer["nodes"].([]any)
		if status != http.StatusOK || len(nodes) != 1 {
			t.Fatalf("status %d: %v", status, answer)
		}
		if node, _ := nodes[0].(map[string]any); node["id"] == "" || node["version"] == "" || node["live"] != true || node["this"] != true || node["runningJobs"] != 0.0 {
			t.Errorf("%v", node)
		}
		communityID := a.Community(t)
		key := a.Key(t, communityID, permission.BulkUpdateUser)
		done := a.Import(t, communityID, key, "First Name,Last Name,Username,Email\nAnn,Lee,ann,ann@example.com\n", nil)
		if done.Counts.Created != 1 {
			t.Errorf("%+v", done)
		}
	})
}

func TestProcessRestartsAfterKill(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		env := []string{"REGULARS_DATA=" + t.TempDir()}
		if address[:6] != "sqlite" {
			env = append(env, "REGULARS_DATABASE_URL="+address)
		}
		p := apptest.StartBinary(t, env...)
		p.Kill()
		if _, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://")); err == nil {
			t.Error("the killed server responds")
		}
		p.Restart()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/readyz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("after the crash: status %d, %v", answer.StatusCode, err)
		}
		p.Stop()
	})
}
