package api_test

import (
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/app/apptest"
)

var update = flag.Bool("update", false, "rewrite api/openapi.yaml and the table of routes")

const golden = "../../api/openapi.yaml"

func TestDocumentIsTheReviewedOne(t *testing.T) {
	got, err := apptest.API().OpenAPI().YAML()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("the API has changed; look at the difference, then run go test ./internal/api -update\n%s", d)
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	a := apptest.API()
	for path, item := range a.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if op.Summary == "" || len(op.Tags) != 1 || op.OperationID == "" || op.Extensions["x-permissions"] == nil {
				t.Errorf("%s %s lacks a summary, a tag, a name or its permissions", op.Method, path)
			}
			if op.Responses["422"] != nil || op.Responses["401"] == nil || op.Responses["default"] != nil {
				t.Errorf("%s %s describes the wrong failures", op.Method, path)
			}
			described := 0
			for _, param := range op.Parameters {
				if param.In == "path" {
					described++
				}
			}
			if described != strings.Count(path, "{") {
				t.Errorf("%s %s describes %d parameters of its path", op.Method, path, described)
			}
		}
	}
}

func TestReferencePageUsesNoOtherHost(t *testing.T) {
	a := apptest.API()
	for path, kind := range map[string]string{
		"/docs/try": "text/html", "/docs/start.js": "text/javascript", "/docs/scalar.js": "text/javascript",
		"/openapi.json": "application/json", "/openapi.yaml": "application/yaml",
	} {
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		h := rec.Result().Header
		if rec.Code != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) || rec.Body.Len() == 0 {
			t.Errorf("%s: %d %s, %d bytes", path, rec.Code, h.Get("Content-Type"), rec.Body.Len())
		}
		if path == "/docs/try" && strings.Contains(h.Get("Content-Security-Policy")+rec.Body.String(), "http") {
			t.Errorf("%s names another host", path)
		}
	}
}

func TestUnknownAddressAndWrongMethodAreErrors(t *testing.T) {
	a := apptest.API()
	for _, c := range []struct {
		method, path  string
		status        int
		code, allowed string
	}{
		{"GET", "/v1/nothing", 404, "route_not_found", ""},
		{"PUT", "/v1/users/bulk-import", 405, "method_not_allowed", "GET, POST"},
		{"DELETE", "/apis/v1/users/bulk-update", 405, "method_not_allowed", "GET, POST"},
		{"POST", "/openapi.json", 405, "method_not_allowed", "GET"},
	} {
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), `"`+c.code+`"`) || rec.Header().Get("Allow") != c.allowed {
			t.Errorf("%s %s: %d %s, Allow %q", c.method, c.path, rec.Code, rec.Body, rec.Header().Get("Allow"))
		}
	}
}

// TestCodesOfMembershipsAreDescribed: a description lists the codes of its
// operation that clients distinguish.
func TestCodesOfMembershipsAreDescribed(t *testing.T) {
	a := apptest.API()
	for name, codes := range map[string]string{
		"joinServer":     "already_member member_deleted identifier_taken email_taken member_banned invite_required invite_expired invite_revoked invite_used_up",
		"createUser":     "email_taken username_taken external_id_taken identifier_taken member_deleted member_left member_banned member_declined mail_unavailable rank_too_low missing_permission",
		"manageUser":     "rank_too_low already_deleted not_deleted last_owner member_declined retention_over",
		"transferServer": "owner_required session_required proof_required confirm_required transfer_pending member_suspended member_pending",
		"createInvite":   "missing_permission rank_too_low too_many_invites",
		"createHistory":  "account_shared username_taken identifier_taken rank_too_low value_unchanged field_busy",
		"updateMe":       "proof_required wrong_password username_taken too_many_mails email_not_verified",
		"secureAuth":     "limited_session user_not_found",
	} {
		for _, code := range strings.Fields(codes) {
			if !strings.Contains(described(t, a, name).Description, "`"+code+"`") {
				t.Errorf("the description of %s lacks %s", name, code)
			}
		}
	}
}

// described finds a described operation by its name.
func described(t *testing.T, a *api.API, name string) *huma.Operation {
	t.Helper()
	for _, item := range a.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && op.OperationID == name {
				return op
			}
		}
	}
	t.Fatalf("there is no operation %s", name)
	return nil
}

func TestUnknownFieldsAreReturnedWithTheirPath(t *testing.T) {
	a := apptest.API()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"createRole":    {`{"title":"x","Order":1,"colour":"red","server_permissions":{"allow_dm":true,"fly":true}}`, []string{"colour", "server_permissions.fly"}},
		"createTag":     {`{"name":"x","b":1,"a":2}`, []string{"a", "b"}},
		"getUserData":   {`{"idOrEmail":"x"}`, nil},
		"applyBulkJob":  {`{"force":true}`, []string{"force"}},
		"cancelBulkJob": {`{"communityId":"x"}`, nil},
	} {
		got, err := api.UnknownFields(a, described(t, a, name), c.body)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %s %v", name, d, err)
		}
	}
}
