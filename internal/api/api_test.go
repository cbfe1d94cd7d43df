package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
)

// document is the API without services.
var document = sync.OnceValue(apptest.API)

// reply is a response.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil if it is not a JSON object
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

// at returns the value at a path of names and indexes, such as "data.roles".
func (r reply) at(path string) any {
	var v any = r.body
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			if i := int(name[0] - '0'); i < len(in) {
				v = in[i]
			} else {
				v = nil
			}
		}
	}
	return v
}

// fields returns the names of the invalid fields of an error.
func (r reply) fields() (names []string) {
	list, _ := r.body["errors"].([]any)
	for _, one := range list {
		names = append(names, one.(map[string]any)["field"].(string))
	}
	return names
}

// send sends a request and validates the response against the document; header is a
// list of names and values.
func send(t *testing.T, a *apptest.App, method, path, token, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := a.Client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && !strings.HasPrefix(out.text, "[") {
		if err := json.Unmarshal(text, &out.body); err != nil {
			t.Errorf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return out
}

// sendForm uploads file as data, with fields as names and values.
func sendForm(t *testing.T, a *apptest.App, path, token, file string, header []string, fields ...string) reply {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		part, err := w.CreateFormFile("data", "members.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, file) // a buffer never fails
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return send(t, a, "POST", path, token, b.String(), append([]string{"Content-Type", w.FormDataContentType()}, header...)...)
}

const members = "First Name,Last Name,Username,Email\nAda,Lovelace,ada,ada@example.com\nAlan,Turing,alan,alan@example.com\n"

// finish waits until a job has ended, by its live progress, and returns its
// status.
func finish(t *testing.T, a *apptest.App, token, jobID string) map[string]any {
	t.Helper()
	res := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/progress", token, "")
	_, last, found := strings.Cut(res.text, "event: done\ndata: ")
	var status map[string]any
	if err := json.Unmarshal([]byte(last), &status); err != nil || !found {
		t.Fatalf("job %s: %d %s", jobID, res.status, res.text)
	}
	return status
}

func importFile(t *testing.T, a *apptest.App, token, file string, fields ...string) (jobID string, status map[string]any) {
	t.Helper()
	res := sendForm(t, a, "/v1/users/bulk-import", token, file, nil, fields...)
	jobID, _ = res.at("data.jobId").(string)
	if res.status != 200 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return jobID, finish(t, a, token, jobID)
}

func TestCredentialIsCheckedFirst(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, other := a.Community(t), a.Community(t)
		weak := a.Key(t, mine, "sendMessage")
		every := a.Key(t, mine, "*")
		wrong := strings.Repeat("a", 64)
		const nobody = "000000000000000000000000"
		for _, c := range []struct {
			name, method, path, token, body string
			status                          int
			code                            string
		}{
			{"no credential, broken body", "POST", "/v1/roles", "", "{", 401, "authentication_required"},
			{"a wrong credential, broken body", "POST", "/v1/roles", wrong, "{", 401, "invalid_credential"},
			{"no permission, broken body", "POST", "/v1/roles", weak, "{", 403, "missing_permission"},
			{"no permission, wrong query", "GET", "/v1/users/bulk-update?limit=x", weak, "", 403, "missing_permission"},
			{"no permission, missing job", "GET", "/v1/users/bulk-update/" + nobody + "/status", weak, "", 403, "missing_permission"},
			{"another community in the path", "GET", "/v1/communities/" + other + "/tags", every, "", 403, "wrong_community"},
			{"a missing community in the path", "GET", "/v1/communities/" + nobody + "/tags", every, "", 403, "wrong_community"},
			{"nonsense for a community in the path", "GET", "/v1/communities/%00/tags", every, "", 403, "wrong_community"},
			{"another community in the query", "GET", "/v1/users/bulk-update?communityId=" + other, every, "", 403, "wrong_community"},
			{"another community in the body", "POST", "/v1/roles", every, `{"title":"x","communityId":"` + other + `"}`, 403, "wrong_community"},
			{"my community in the body", "POST", "/v1/users/info", every, `{"idOrEmail":"x","serverId":"` + mine + `"}`, 404, "user_not_found"},
			{"upload without a credential", "POST", "/v1/users/bulk-import", "", "", 401, "authentication_required"},
			{"upload with a wrong credential", "POST", "/v1/users/bulk-import", wrong, "", 401, "invalid_credential"},
			{"upload without permission", "POST", "/v1/users/bulk-update", weak, "", 403, "missing_permission"},
			{"failed rows without permission", "GET", "/v1/users/bulk-update/x/failed.csv", weak, "", 403, "missing_permission"},
			{"NUL in the query", "GET", "/v1/communities/" + mine + "/users?search=%00", every, "", 400, "invalid_input"},
			{"bad UTF-8 in the query", "GET", "/v1/communities/" + mine + "/users?search=%ff", every, "", 400, "invalid_input"},
			{"pages beyond counting", "GET", "/v1/users/bulk-update?page=9223372036854775807", every, "", 400, "invalid_input"},
			{"a missing job", "GET", "/v1/users/bulk-update/" + nobody + "/status", every, "", 404, "job_not_found"},
			{"a job id that is none", "GET", "/v1/users/bulk-update/x%00y/status", every, "", 400, "bad_path"},
		} {
			res := send(t, a, c.method, c.path, c.token, c.body)
			if res.status != c.status || res.code() != c.code || res.body["requestId"] != res.header.Get("X-Request-Id") {
				t.Errorf("%s: %d %s, want %d %s", c.name, res.status, res.text, c.status, c.code)
			}
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", "", "", "X-Api-Key", every); res.status != 200 {
			t.Errorf("x-api-key: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/apis/v1/users/bulk-update", every, ""); res.status != 200 {
			t.Errorf("the older base path: %d %s", res.status, res.text)
		}
	})
}

func TestImportIsAcceptedProcessedAndReported(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, "bulkUpdateUser", "getUserData")
		bad := members + "Grace,Hopper,,no address\n"
		res := sendForm(t, a, "/apis/v1/users/bulk-import", key, bad, nil, "colour", "red")
		jobID, _ := res.at("data.jobId").(string)
		want := map[string]any{
			"status": "success", "message": "Bulk import user process is queued",
			"data": map[string]any{
				"message": "Bulk import user process is queued. You can check in Api Log ( community settings )",
				"jobId":   jobID, "statusUrl": "/v1/users/bulk-update/" + jobID + "/status",
			},
		}
		if d := cmp.Diff(want, res.body); d != "" || res.status != 200 || res.header.Get("Location") != "/v1/users/bulk-update/"+jobID+"/status" {
			t.Fatalf("%d Location %q %s", res.status, res.header.Get("Location"), d)
		}
		if res.header.Get("X-Unknown-Fields") != "colour" {
			t.Errorf("X-Unknown-Fields %q", res.header.Get("X-Unknown-Fields"))
		}
		status := finish(t, a, key, jobID)
		counts := map[string]any{"read": 3.0, "created": 2.0, "updated": 0.0, "unchanged": 0.0, "skipped": 0.0, "failed": 1.0}
		if d := cmp.Diff(counts, status["counts"]); d != "" || status["status"] != "completed_with_errors" {
			t.Errorf("%v %s", status, d)
		}
		if res := send(t, a, "GET", res.header.Get("Location"), key, ""); res.at("data.status") != "completed_with_errors" {
			t.Errorf("%d %s", res.status, res.text)
		}
		rows := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details?outcome=failed", key, "")
		if rows.at("data.0.line") != 4.0 || rows.at("data.0.outcome") != "failed" || rows.at("meta.nextCursor") != nil {
			t.Errorf("%d %s", rows.status, rows.text)
		}
		first := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details?limit=1", key, "")
		next, _ := first.at("meta.nextCursor").(string)
		second := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details?limit=1&cursor="+next, key, "")
		if first.at("data.0.line") == second.at("data.0.line") || next == "" {
			t.Errorf("first %s, second %s", first.text, second.text)
		}
		failed := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/failed.csv", key, "")
		if !strings.HasPrefix(failed.text, "First Name,Last Name,Username,Email,_line,") || !strings.Contains(failed.header.Get("Content-Disposition"), "members-failed.csv") {
			t.Errorf("%s %s", failed.header, failed.text)
		}
		for format, code := range map[string]string{"xlsx": "unknown_format", "ods": "unknown_format"} {
			if res := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/failed.csv?format="+format, key, ""); res.status != 400 || res.code() != code {
				t.Errorf("%s: %d %s", format, res.status, res.text)
			}
		}
		ada := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ADA@example.com","x":1}`)
		if ada.at("data.firstName") != "Ada" || ada.at("data.highestRole") != "@all" || ada.header.Get("X-Unknown-Fields") != "x" {
			t.Errorf("%d %s", ada.status, ada.text)
		}
		number, _ := ada.at("data.userId").(float64)
		for _, body := range []string{fmt.Sprintf(`{"idOrEmail":%.0f}`, number), fmt.Sprintf(`{"idOrEmail":"%.0f"}`, number), `{"idOrEmail":"Ada"}`} {
			if res := send(t, a, "POST", "/v1/users/info", key, body); res.at("data._id") != ada.at("data._id") {
				t.Errorf("%s: %d %s", body, res.status, res.text)
			}
		}
		for _, body := range []string{`{"idOrEmail":""}`, `{"idOrEmail":true}`, `{}`, `{"idOrEmail":1.5}`} {
			if res := send(t, a, "POST", "/v1/users/info", key, body); res.status != 400 || !cmp.Equal(res.fields(), []string{"idOrEmail"}) {
				t.Errorf("%s: %d %s", body, res.status, res.text)
			}
		}
		users := send(t, a, "GET", "/v1/communities/"+community+"/users?sort=username&limit=1&page=2", key, "")
		if users.at("data.0.username") != "alan" || users.at("meta.total") != 2.0 {
			t.Errorf("%d %s", users.status, users.text)
		}
		log := send(t, a, "GET", "/v1/users/bulk-update?type=import&status=completed_with_errors", key, "")
		if log.at("data.0.jobId") != jobID || log.at("meta.total") != 1.0 {
			t.Errorf("%d %s", log.status, log.text)
		}
		template := send(t, a, "GET", "/v1/users/bulk-import/template?communityId="+community, key, "")
		if template.text != "First Name,Last Name,Username,Email,Phone,Country,Language,Role,Tag\n" {
			t.Errorf("%d %q", template.status, template.text)
		}
	})
}

func TestRejectedUploadLeavesNoJobAndNoFile(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t), "bulkUpdateUser")
		for _, c := range []struct {
			name, file string
			fields     []string
			status     int
			code       string
			wrong      []string
		}{
			{"an empty file", "\n", nil, 400, "", nil},
			{"no file", "", nil, 400, "missing_file", []string{"data"}},
			{"an unknown header", "First Name,Emial\na,b\n", nil, 400, "", nil},
			{"wrong options, all named", members, []string{"mode", "x", "dryRun", "perhaps"}, 400, "invalid_input", []string{"mode", "dryRun"}},
			{"another community", members, []string{"communityId", a.Community(t)}, 403, "wrong_community", nil},
		} {
			res := sendForm(t, a, "/v1/users/bulk-import", key, c.file, nil, c.fields...)
			if res.status != c.status || c.code != "" && res.code() != c.code || !cmp.Equal(c.wrong, res.fields()) && c.wrong != nil {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", key, ""); res.at("meta.total") != 0.0 {
			t.Errorf("a refused upload has a job: %s", res.text)
		}
		left := 0
		_ = a.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil })
		if left > 0 {
			t.Errorf("%d files are left", left)
		}
	})
}

func TestOpenImportIsLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		closed := a.Community(t)
		if res := sendForm(t, a, "/v1/users/bulk-import", "", "", nil); res.status != 401 || !strings.Contains(res.text, "openBulkImport") {
			t.Errorf("an empty form where nothing is open: %d %s", res.status, res.text)
		}
		opened := a.Community(t, community.Settings{OpenBulkImport: true})
		for _, c := range []struct {
			name, file string
			fields     []string
			status     int
			code       string
		}{
			{"a closed community", members, []string{"communityId", closed}, 401, "authentication_required"},
			{"a missing community", members, []string{"communityId", "000000000000000000000000"}, 401, "authentication_required"},
			{"no community", members, nil, 401, "authentication_required"},
			{"an empty form", "", nil, 401, "authentication_required"},
			{"a large file", strings.Repeat("x", 1<<20+1), []string{"communityId", opened}, 413, "file_too_large"},
			{"no file", "", []string{"communityId", opened}, 400, "missing_file"},
			{"an option", members, []string{"communityId", opened, "dryRun", "true"}, 400, "invalid_input"},
			{"as it should be", members, []string{"communityId", opened}, 200, ""},
		} {
			res := sendForm(t, a, "/v1/users/bulk-import", "", c.file, nil, c.fields...)
			if res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", "", members, []string{"Sec-Fetch-Site", "cross-site"}, "communityId", opened); res.status != 403 || res.code() != "cross_origin" {
			t.Errorf("from a page of another site: %d %s", res.status, res.text)
		}
		last := reply{}
		for range 11 {
			last = sendForm(t, a, "/v1/users/bulk-import", "", members, nil, "communityId", opened)
		}
		if last.status != 429 || last.header.Get("Retry-After") == "" || last.header.Get("RateLimit-Limit") != "10" {
			t.Errorf("the eleventh upload: %d %s %s", last.status, last.header, last.text)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.OpenImports, c.OpenImportMiB = 10, 1 }), apptest.WithStoppedClock())
}

func TestRetryWithTheSameKeyGetsTheFirstResponse(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, "*")
		once := []string{"Idempotency-Key", "k1"}
		first := sendForm(t, a, "/v1/users/bulk-import", key, members, once, "mode", "create", "dryRun", "false")
		again := sendForm(t, a, "/v1/users/bulk-import", key, members, once, "dryRun", "false", "mode", "create")
		if first.status != 200 || again.text != first.text || again.header.Get("Location") != first.header.Get("Location") || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("first %d %s, again %d %s", first.status, first.text, again.status, again.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", key, members+"x", once); res.status != 409 || res.code() != "idempotency_mismatch" {
			t.Errorf("another file: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", key, ""); res.at("meta.total") != 1.0 {
			t.Errorf("jobs: %s", res.text)
		}
		tags := "/v1/communities/" + community + "/tags"
		for _, c := range []struct {
			name, key, body string
			status          int
			code            string
		}{
			{"refused, so the key stays free", "t1", `{"name":""}`, 400, "invalid_input"},
			{"made", "t1", `{"name":"vip"}`, 201, ""},
			{"made before", "t1", `{"name":"vip"}`, 201, ""},
			{"the same key, another body", "t1", `{"name":"other"}`, 409, "idempotency_mismatch"},
			{"a duplicate without the key", "", `{"name":"vip"}`, 409, "duplicate_tag"},
			{"a key that is too long", strings.Repeat("x", 256), `{"name":"z"}`, 400, "bad_idempotency_key"},
		} {
			if res := send(t, a, "POST", tags, key, c.body, "Idempotency-Key", c.key); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
	})
}

func TestDryRunIsAppliedAndUndone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, "*")
		planID, plan := importFile(t, a, key, members, "dryRun", "true")
		if plan["dryRun"] != true || plan["status"] != "completed" {
			t.Fatalf("%v", plan)
		}
		total := func() any { return send(t, a, "GET", "/v1/communities/"+community+"/users", key, "").at("meta.total") }
		if total() != 0.0 {
			t.Errorf("a dry run made members: %v", total())
		}
		once := []string{"Idempotency-Key", "a1"}
		applied := send(t, a, "POST", "/v1/users/bulk-update/"+planID+"/apply", key, "", once...)
		again := send(t, a, "POST", "/v1/users/bulk-update/"+planID+"/apply", key, "", once...)
		jobID, _ := applied.at("data.jobId").(string)
		if applied.status != 200 || jobID == planID || again.text != applied.text {
			t.Fatalf("%d %s, again %d %s", applied.status, applied.text, again.status, again.text)
		}
		if status := finish(t, a, key, jobID); status["planJobId"] != planID || total() != 2.0 {
			t.Errorf("%v, %v members", status, total())
		}
		if res := send(t, a, "POST", "/v1/users/bulk-update/"+jobID+"/cancel", key, ""); res.status != 409 {
			t.Errorf("cancelling what has ended: %d %s", res.status, res.text)
		}
		undone := send(t, a, "POST", "/v1/users/bulk-update/"+jobID+"/undo", key, `{"communityId":"`+community+`"}`)
		undoID, _ := undone.at("data.jobId").(string)
		if status := finish(t, a, key, undoID); status["type"] != "undo" || total() != 0.0 {
			t.Errorf("%d %s: %v, %v members", undone.status, undone.text, status, total())
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/status", key, ""); res.at("data.status") != "undone" {
			t.Errorf("%s", res.text)
		}
	})
}

func TestRolesFieldsAndTagsAreCreatedAndListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, "*")
		under := "/v1/communities/" + community
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
			wrong                    []string
		}{
			{"a role", "POST", "/v1/roles", `{"title":"VIP","class":"#112233","order":5,"billable":false,"server_permissions":{"allow_dm":true,"fly":true},"colour":1}`, 200, "", nil},
			{"the same role", "POST", "/v1/roles", `{"title":"VIP"}`, 409, "title_taken", []string{"title"}},
			{"a number that fits nowhere", "POST", "/v1/roles", `{"title":"x","order":1e30}`, 400, "invalid_input", []string{""}},
			{"a role without title, with a wrong order", "POST", "/v1/roles", `{"order":"x"}`, 400, "invalid_input", []string{"order", "title"}},
			{"a field", "POST", under + "/user-fields", `{"field":"loyalty number","name":"Loyalty number","type":"number","defaultValue":1.5}`, 201, "", nil},
			{"the same field", "POST", under + "/user-fields", `{"field":"loyalty-number","name":"Other","type":"text"}`, 409, "duplicate_field", nil},
			{"a field with an unknown part", "POST", under + "/user-fields", `{"field":"a","name":"A","type":"text","x":1}`, 400, "invalid_input", []string{"x"}},
			{"a tag", "POST", under + "/tags", `{"name":"news"}`, 201, "", nil},
			{"no body", "POST", under + "/tags", "", 400, "body_required", nil},
			{"a body that is not JSON", "POST", under + "/tags", "name=x", 400, "bad_json", nil},
			{"a missing tag", "DELETE", under + "/tags/000000000000000000000000", "", 404, "tag_not_found", nil},
		} {
			res := send(t, a, c.method, c.path, key, c.body)
			if res.status != c.status || res.code() != c.code || c.wrong != nil && !cmp.Equal(c.wrong, res.fields()) {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		if res := send(t, a, "POST", under+"/tags", key, "name=x", "Content-Type", "application/x-www-form-urlencoded"); res.status != 415 {
			t.Errorf("a form instead of JSON: %d %s", res.status, res.text)
		}
		roles := send(t, a, "GET", "/v1/servers/"+community+"/roles", key, "")
		if roles.at("data.0.title") != "VIP" || roles.at("data.0.serverPermissions.allow_dm") != true || roles.at("data.1.title") != "@all" {
			t.Errorf("%s", roles.text)
		}
		fields := send(t, a, "GET", under+"/user-fields", key, "")
		if fields.at("data.0.default") != true || fields.at("data.9.field") != "loyalty-number" || fields.at("data.9.type") != "numerical" || fields.at("data.9.defaultValue") != 1.5 {
			t.Errorf("%s", fields.text)
		}
		tags := send(t, a, "GET", under+"/tags", key, "")
		tagID, _ := tags.at("data.0._id").(string)
		if res := send(t, a, "DELETE", under+"/tags/"+tagID, key, ""); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
		importFile(t, a, key, "First Name,Last Name,Username,Email,Role,loyalty-number\nAda,Lovelace,ada,ada@example.com,VIP,7\n")
		ada := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"ada"}`)
		want := []any{"VIP", "@all"}
		if d := cmp.Diff(want, ada.at("data.roles")); d != "" || ada.at("data.customFields.loyalty-number") != 7.0 || ada.at("data.highestRole") != "VIP" {
			t.Errorf("%s %s", d, ada.text)
		}
		if res := send(t, a, "GET", under+"/users?role=VIP", key, ""); res.at("data.0.username") != "ada" {
			t.Errorf("%s", res.text)
		}
	})
}

func TestSessionSelectsItsCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		one, other, foreign := a.Community(t), a.Community(t), a.Community(t)
		ada, token := a.Owner(t, one, "ada")
		if res := send(t, a, "GET", "/v1/users/bulk-update", token, ""); res.status != 200 {
			t.Errorf("the only membership: %d %s", res.status, res.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", token, members, nil); res.status != 200 {
			t.Errorf("the only membership, a form: %d %s", res.status, res.text)
		}
		if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, other, ada.ID); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
		}{
			{"not named", "GET", "/v1/users/bulk-update", "", 400, "community_required"},
			{"named in the query", "GET", "/v1/users/bulk-update?communityId=" + other, "", 200, ""},
			{"named as a server", "GET", "/v1/users/bulk-update?serverId=" + other, "", 200, ""},
			{"a foreign one", "GET", "/v1/users/bulk-update?communityId=" + foreign, "", 404, "community_not_found"},
			{"nonsense", "GET", "/v1/users/bulk-update?communityId=%00", "", 404, "community_not_found"},
			{"not named in the body", "POST", "/v1/roles", `{"title":"A"}`, 400, "community_required"},
			{"named in the body", "POST", "/v1/roles", `{"title":"A","communityId":"` + other + `"}`, 200, ""},
			{"a foreign one in the body", "POST", "/v1/roles", `{"title":"A","communityId":"` + foreign + `"}`, 404, "community_not_found"},
			{"two different ones", "POST", "/v1/roles?communityId=" + one, `{"title":"A","communityId":"` + other + `"}`, 400, "community_ambiguous"},
			{"named in the path", "GET", "/v1/servers/" + one + "/roles", "", 200, ""},
		} {
			if res := send(t, a, c.method, c.path, token, c.body); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		for _, c := range []struct {
			name   string
			fields []string
			status int
			code   string
		}{
			{"not named in the form", nil, 400, "community_required"},
			{"named in the form", []string{"communityId", other}, 200, ""},
			{"a foreign one in the form", []string{"communityId", foreign}, 404, "community_not_found"},
		} {
			if res := sendForm(t, a, "/v1/users/bulk-import", token, members, nil, c.fields...); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
	})
}

func TestRejectionReachesAClientThatIsStillSending(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		large := strings.Repeat("x", 15<<20)
		if res := sendForm(t, a, "/v1/users/bulk-import", strings.Repeat("a", 64), large, nil); res.status != 401 {
			t.Errorf("a wrong credential: %d %s", res.status, res.text)
		}
		opened := a.Community(t, community.Settings{OpenBulkImport: true})
		if res := sendForm(t, a, "/v1/users/bulk-import", "", large, nil, "communityId", opened); res.status != 413 {
			t.Errorf("a file over the limit: %d %s", res.status, res.text)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.OpenImportMiB = 1 }))
}

func TestTruncatedUploadIsRejectedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t), "bulkUpdateUser")
		address := strings.TrimPrefix(a.URL(), "http://")
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, "POST /v1/users/bulk-import HTTP/1.1\r\nHost: "+address+"\r\nAuthorization: Bearer "+key+
			"\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.csv\"\r\n\r\n"+members)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite() // the data sent so far is complete
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if text, _ := io.ReadAll(res.Body); res.StatusCode != 400 || !strings.Contains(string(text), "upload_truncated") {
			t.Errorf("%d %s", res.StatusCode, text)
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", key, ""); res.at("meta.total") != 0.0 {
			t.Errorf("%s", res.text)
		}
	})
}
