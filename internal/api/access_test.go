package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// moving is what changes without a request: the queue, the numbers and consumers of
// events, and the last use of credentials.
var moving = []string{"event_positions", "event_sequences", "events.sequence", "stats_members", "jobs", "job_nodes", "job_schedules", "sessions.seen_at", "api_keys.used_at", "account_api_keys.used_at", "goose_db_version", "member_presence", "member_visits", "events", "ledger_seals", "ledger_unsealed", "ledger_totals", "presence_days"}

// ownResources are operations on objects of the caller: every account may use them
// on its own objects.
var ownResources = map[string]bool{
	"GET /v1/auth/me": true, "PUT /v1/auth/me": true, "GET /v1/auth/sessions": true, "POST /v1/auth/logout": true, "POST /v1/auth/change-password": true,
	"GET /v1/servers": true, "POST /v1/servers": true,
	"POST /v1/auth/totp": true, "POST /v1/auth/totp/confirm": true, "POST /v1/auth/totp/disable": true,
}

// forMembers are operations for every member of a community.
var forMembers = map[string]bool{
	"POST /v1/users/avatar":                      true, // their own avatar and keys
	"POST /v1/servers/{serverId}/join":           true, // 409: they have joined
	"POST /v1/servers/{serverId}/leave":          true,
	"GET /v1/users/{userId}/api-keys":            true, // their own avatar and keys
	"POST /v1/users/{userId}/api-keys":           true,
	"PUT /v1/users/{userId}/api-keys/{keyId}":    true,
	"DELETE /v1/users/{userId}/api-keys/{keyId}": true,

	"GET /v1/users/{userId}/balances": true, // their own

	"GET /v1/gamification/xp-settings": true, "GET /v1/gamification/tiers": true, "GET /v1/badges": true, "GET /v1/users/{userId}/badges": true, "GET /v1/milestones": true,

	// Channels decide.
	"GET /v1/channels/{channelId}/pins": true, "GET /v1/channels/{channelId}/topics": true, "POST /v1/channels/{channelId}/topics": true, "GET /v1/direct-channels": true,
	"GET /v1/messages": true, "GET /v1/messages/search": true, "GET /v1/messages/{messageId}": true, "GET /v1/messages/{messageId}/reactions": true,
	"GET /v1/messages/{messageId}/replies": true, "POST /v1/messages/upload-image": true,
}

// TestOperationsRejectCallersWithoutAccess sends every operation of the document
// with credentials that must be rejected.
func TestOperationsRejectCallersWithoutAccess(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		w := newPopulated(t, a)
		before := sqldbtest.Dump(t, a.DB, moving...)
		for _, op := range w.operations() {
			for _, c := range w.credentials {
				if c.passes(op) || !slices.Contains(c.wants, 401) && op.name == "GET /v1/limits" || op.name == "GET /v1/realtime" { // no WebSocket; its own tests have the callers
					continue
				}
				got := send(t, a, op.method, op.address, c.token, op.body)
				if !slices.Contains(c.wants, got.status) {
					t.Errorf("%s with %s: %d, want one of %v: %.300s", op.name, c.name, got.status, c.wants, got.text)
				}
			}
		}
		if d := cmp.Diff(before, sqldbtest.Dump(t, a.DB, moving...)); d != "" {
			t.Errorf("the tables have changed:\n%s", d)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.AnonymousPerSec = 0 }))
}

// TestOperationsRejectInvalidBodies sends large bodies and invalid JSON to
// every JSON operation.
func TestOperationsRejectInvalidBodies(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	w := newPopulated(t, a)
	for _, op := range w.operations() {
		if op.body == "" || op.method == http.MethodGet {
			continue
		}
		token := w.owner
		if op.open {
			token = ""
		}
		for what, c := range map[string]struct {
			body   string
			status int
			code   string
		}{
			"a byte too much": {`{"x":"` + strings.Repeat("a", 1<<20-7) + `"}`, 413, "body_too_large"},
			"half an object":  {`{"x":`, 400, "bad_json"},
			"a list":          {`[[]]`, 400, ""},
			"NUL":             {`{"x":"\u0000"}`, 400, "bad_json"},
		} {
			got := send(t, a, op.method, op.address, token, c.body, "Content-Type", "application/json")
			if got.status != c.status || c.code != "" && got.code() != c.code {
				t.Errorf("%s, %s: %d %.300s", op.name, what, got.status, got.text)
			}
		}
		if got := send(t, a, op.method, op.address, token, "a=b", "Content-Type", "application/x-www-form-urlencoded"); got.status != 415 {
			t.Errorf("%s, a form: %d %.300s", op.name, got.status, got.text)
		}
	}
}

// populated is a community with an object of every kind, and persons without access
// to it.
type populated struct {
	*testing.T
	app         *apptest.App
	community   string
	owner       string            // a session
	ids         map[string]string // by parameter of a path
	credentials []credential
}

type credential struct {
	name, token string
	wants       []int
	passes      func(operation) bool
}

func newPopulated(t *testing.T, a *apptest.App) *populated {
	w := &populated{T: t, app: a, community: a.Community(t)}
	elsewhere := a.Community(t)
	_, w.owner = a.Owner(t, w.community, "owner")
	_, stranger := a.Owner(t, elsewhere, "stranger")
	plain, session := a.Owner(t, a.Community(t), "plain")
	w.join(plain)
	w.populate(plain.ID)
	key := a.Key(t, elsewhere)
	expired := a.Key(t, w.community)
	w.expire()
	mine := func(op operation) bool { return op.open || ownResources[op.name] }
	w.credentials = []credential{
		{"no credential", "", []int{401}, func(op operation) bool { return op.open }},
		{"a stranger's session", stranger, []int{403, 404}, mine},
		{"a member without permission", session, []int{403, 404}, func(op operation) bool { return mine(op) || op.forMembers }},
		{"a key of another community", key, []int{403, 404}, func(op operation) bool { return op.open }},
		{"an expired key", expired, []int{401}, func(op operation) bool { return op.open }},
	}
	for _, c := range w.credentials { // record their use before tables are compared
		send(t, a, "GET", "/v1/users/bulk-update", c.token, "")
	}
	return w
}

// join adds an account as a member without roles.
func (w *populated) join(account account.Account) {
	w.Helper()
	ctx := w.Context()
	err := w.app.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := account.CreatedAt
		record := member.Record{
			ID: account.ID, AccountID: account.ID, Number: account.Number, Email: account.Email, EmailKey: account.Email,
			Username: account.Username, UsernameKey: account.Username, State: member.Active, FirstName: "Pat", LastName: "Plain", JoinedAt: now, UpdatedAt: now,
		}
		return member.Insert(ctx, tx, w.community, []*member.Record{&record})
	})
	if err != nil {
		w.Fatal(err)
	}
}

// expire expires the newest key.
func (w *populated) expire() {
	w.Helper()
	if _, err := w.app.DB.Exec(w.Context(), "UPDATE api_keys SET expires_at = 1 WHERE id = (SELECT max(id) FROM api_keys)"); err != nil {
		w.Fatal(err)
	}
}

// populate creates an object of every kind over the API.
func (w *populated) populate(userID string) {
	w.Helper()
	at := func(path, body, where string) string {
		w.Helper()
		got := send(w.T, w.app, "POST", path, w.owner, body)
		id, _ := got.at(where).(string)
		if got.status >= 300 || id == "" {
			w.Fatalf("%s: %d %s", path, got.status, got.text)
		}
		return id
	}
	c := "/v1/communities/" + w.community
	in := `{"communityId":"` + w.community + `",`
	w.ids = map[string]string{
		"communityId": w.community, "serverId": w.community, "userId": userID,
		"tagId":   at(c+"/tags", `{"name":"regular"}`, "data._id"),
		"fieldId": at(c+"/user-fields", `{"field":"shoe","name":"Shoe","type":"numerical"}`, "data._id"),
		"role":    at("/v1/roles", in+`"title":"VIP","order":5}`, "data._id"),
	}
	key := w.app.Key(w.T, w.community)
	_, w.ids["jobId"] = "", ""
	w.ids["jobId"], _ = importFile(w.T, w.app, key, members)
	w.ids["id"] = w.ids["role"]
	w.ids["categoryId"] = at("/v1/channel-categories", in+`"name":"Matches"}`, "data._id")
	w.ids["channelId"] = at("/v1/channels", in+`"topic":"lobby","categoryId":"`+w.ids["categoryId"]+`"}`, "data._id")
	w.ids["messageId"] = at("/v1/messages/send", in+`"channelId":"`+w.ids["channelId"]+`","message":"Hello"}`, "data.messageId")
	w.ids["topicId"] = w.ids["messageId"] // of no topic
	w.ids["reportId"] = at("/v1/messages/"+w.ids["messageId"]+"/report", in+`"reason":"Spam"}`, "data._id")
	w.ids["keyId"] = at(c+"/api-keys", `{"name":"sync","permissions":["getUserData"]}`, "data._id")
	w.ids["historyId"] = at(c+"/users/"+userID+"/user-fields/"+w.ids["fieldId"]+"/histories", `{"value":42}`, "data._id")
	w.ids["sessionId"] = w.ids["keyId"] // of another account
	w.ids["code"] = at("/v1/servers/"+w.community+"/invites", `{}`, "data.code")
	w.ids["penaltyId"] = at("/v1/servers/"+w.community+"/penalties", `{"userId":"`+userID+`","kind":"warn","reason":"Late"}`, "data._id")
	w.ids["noteId"] = at("/v1/communities/"+w.community+"/users/"+userID+"/notes", `{"text":"Late"}`, "data._id")
	w.ids["entryId"] = at("/v1/gamification/ledger", in+`"user":"`+userID+`","unit":"coins","op":"add","amount":9,"reason":"Test"}`, "data._id")
	w.ids["badgeId"] = at("/v1/badges", in+`"title":"Helper","action":"custom"}`, "data._id")
	w.ids["milestoneId"] = at("/v1/milestones", in+`"name":"First","isEnabled":false,"conditions":{"operator":"and","conditions":[{"action":"messages","value":1}]}}`, "data._id")
	w.ids["applicationId"] = at("/v1/badges/"+w.ids["badgeId"]+"/apply", in+`"text":"Please"}`, "data._id")
	w.ids["automationId"] = at("/v1/automations", in+`"name":"Bonus","trigger":{"event":"message.posted"},"actions":[{"type":"grant","unit":"xp","amount":1,"reason":"Test"}]}`, "data._id")
	w.ids["holdId"] = at("/v1/gamification/holds", in+`"user":"`+userID+`","unit":"coins","amount":9,"expiresIn":604800,"reason":"Test"}`, "data._id")
}

// operation is an operation of the document with a sample request.
type operation struct {
	name, method, address, body string
	open                        bool // needs no credential
	forMembers                  bool
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// operations returns all operations of the document, except those that end the job
// of others.
func (w *populated) operations() (list []operation) {
	w.Helper()
	var document struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte(send(w.T, w.app, "GET", "/openapi.json", "", "").text), &document); err != nil {
		w.Fatal(err)
	}
	for path, item := range document.Paths {
		for method, text := range item {
			var op struct {
				Security    *[]map[string][]string
				Permissions []string `json:"x-permissions"`
				RequestBody struct {
					Content map[string]struct{ Schema schema }
				}
			}
			if err := json.Unmarshal(text, &op); err != nil {
				continue // not an operation
			}
			one := operation{method: strings.ToUpper(method), open: op.Security != nil && len(*op.Security) == 0}
			one.name = one.method + " " + path
			one.forMembers = forMembers[one.name] || slices.Contains(op.Permissions, string(permission.AnyMember)) || slices.Contains(op.Permissions, string(permission.ViewChannels))
			one.address = w.address(path)
			if content, ok := op.RequestBody.Content["application/json"]; ok {
				one.body = w.sample(content.Schema, document.Components.Schemas)
			}
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.name, b.name) })
	if len(list) < 20 {
		w.Fatalf("the document has %d operations", len(list))
	}
	return list
}

func (w *populated) address(path string) string {
	w.Helper()
	address := parameter.ReplaceAllStringFunc(path, func(name string) string {
		name = strings.Trim(name, "{}")
		if strings.HasPrefix(path, "/v1/roles/") && name == "id" {
			name = "role"
		}
		id, ok := w.ids[name]
		if !ok {
			w.Errorf("%s: unknown parameter {%s}", path, name)
		}
		return id
	})
	if strings.Contains(path, "{communityId}") || strings.Contains(path, "{serverId}") {
		return address
	}
	return address + "?communityId=" + w.community
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Required   []string
	Properties map[string]schema
	Items      *schema
	Enum       []any
	Examples   []any
}

// sample returns a valid body: the required fields, with the examples of the
// document.
func (w *populated) sample(s schema, all map[string]schema) string {
	text, err := json.Marshal(w.value(s, all))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func (w *populated) value(s schema, all map[string]schema) any {
	if s.Ref != "" {
		s = all[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch fmt.Sprint(s.Type) {
	case "object":
		object := map[string]any{}
		for _, name := range s.Required {
			object[name] = w.value(s.Properties[name], all)
		}
		if _, has := s.Properties["communityId"]; has {
			object["communityId"] = w.community
		}
		return object
	case "array":
		if s.Items != nil {
			return []any{w.value(*s.Items, all)}
		}
		return []any{}
	case "integer", "number":
		return 1
	case "boolean":
		return false
	default:
		return "x"
	}
}
