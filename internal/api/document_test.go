package api

import (
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite api/openapi.yaml")

const golden = "../../api/openapi.yaml"

func TestTheDocumentIsTheReviewedOne(t *testing.T) {
	got, err := Document("")
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
	a := New(Deps{})
	for path, item := range a.huma.OpenAPI().Paths {
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
	for name := range descriptions {
		operation(t, a, name)
	}
}

func TestTheReferenceAsksNobodyElse(t *testing.T) {
	a := New(Deps{})
	for path, kind := range map[string]string{
		"/docs": "text/html", "/docs/start.js": "text/javascript", "/docs/scalar.js": "text/javascript",
		"/openapi.json": "application/json", "/openapi.yaml": "application/yaml",
	} {
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		h := rec.Result().Header
		if rec.Code != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) || rec.Body.Len() == 0 {
			t.Errorf("%s: %d %s, %d bytes", path, rec.Code, h.Get("Content-Type"), rec.Body.Len())
		}
		if path == "/docs" && strings.Contains(h.Get("Content-Security-Policy")+rec.Body.String(), "http") {
			t.Errorf("%s names another host", path)
		}
	}
}

func TestAnUnknownAddressAndAWrongMethodAreFailures(t *testing.T) {
	a := New(Deps{})
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

// TestCodesOfMembershipsAreDescribed: a description names the codes of its
// operation that a client tells apart.
func TestCodesOfMembershipsAreDescribed(t *testing.T) {
	a := New(Deps{})
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
			if !strings.Contains(operation(t, a, name).Description, "`"+code+"`") {
				t.Errorf("the description of %s lacks %s", name, code)
			}
		}
	}
}
