package api_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
)

const goldenRoutes = "testdata/routes.txt"

// traitNames are the marks of operations in the table of routes, except those of
// its column "actor".
var traitNames = []struct {
	trait api.Trait
	name  string
}{
	{api.Compat, "compat"},
	{api.CommunityInBody, "community-in-body"},
	{api.Created, "201"},
	{api.Accepted, "202"},
	{api.ReadOnly, "read-only"},
	{api.KeepKey, "keep-key"},
	{api.AdmitsItself, "admits-itself"},
	{api.Secret, "secret"},
	{api.MayBeGone, "410"},
	{api.MayConflict, "409"},
	{api.LimitSignIns, "limit-sign-ins"},
	{api.StartsSession, "starts-session"},
	{api.MayExist, "200"},
	{api.MayRun, "202"},
}

// actorOf describes the callers of an operation.
func actorOf(rt api.Route) string {
	switch {
	case rt.Traits&api.Public != 0:
		return "anyone"
	case slices.Contains(rt.Permissions, actor.PermSessionOnly):
		return "session"
	case rt.Traits&api.PerUser != 0:
		return "person"
	case rt.Traits&api.AnyCredential != 0:
		return "any credential"
	case rt.Traits&api.OpenImport != 0:
		return "community, or open import"
	case slices.Contains(rt.Permissions, permission.AnyMember):
		return "member"
	default:
		return "community"
	}
}

func routeLine(t *testing.T, rt api.Route) string {
	t.Helper()
	var permissions, marks []string
	for _, p := range rt.Permissions {
		permissions = append(permissions, string(p))
	}
	left := rt.Traits &^ (api.Public | api.PerUser | api.AnyCredential | api.OpenImport)
	for _, n := range traitNames {
		if rt.Traits&n.trait != 0 {
			marks, left = append(marks, n.name), left&^n.trait
		}
	}
	if left != 0 {
		t.Errorf("%s has a trait without a name: %b", rt.ID, left)
	}
	if rt.KeyHeader != "" {
		marks = append(marks, "key-header:"+rt.KeyHeader)
	}
	for _, secret := range rt.Secrets {
		marks = append(marks, "not-in-fingerprint:"+secret)
	}
	line := fmt.Sprintf("%-6s %-80s %-25s %-25s %-46s %s", rt.Method, rt.Path, rt.ID, actorOf(rt), strings.Join(permissions, " "), strings.Join(marks, " "))
	return strings.TrimRight(line, " ") + "\n"
}

// TestRoutesAreTheReviewedOnes compares the table of all operations, with their
// access and marks, with its golden file.
func TestRoutesAreTheReviewedOnes(t *testing.T) {
	got := fmt.Sprintf("%-6s %-80s %-25s %-25s %-46s %s\n", "method", "path", "operation", "actor", "one of the permissions", "marks")
	for _, rt := range document().Routes() {
		got += routeLine(t, rt)
	}
	if *update {
		if err := os.WriteFile(goldenRoutes, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenRoutes)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("routes have changed; check access, then run go test ./internal/api -update\n%s", d)
	}
}

func TestEveryBodyWithACommunityIsAuthorizedInIt(t *testing.T) {
	a := document()
	for _, rt := range a.Routes() {
		body := described(t, a, rt.ID).RequestBody
		if body == nil {
			continue
		}
		for _, media := range body.Content {
			schema := media.Schema
			if schema.Ref != "" {
				schema = a.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
			}
			if schema.Properties["communityId"] != nil && rt.Traits&api.CommunityInBody == 0 {
				t.Errorf("%s has communityId in its body, but no BodyCommunity", rt.ID)
			}
		}
	}
}
