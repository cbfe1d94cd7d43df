//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/regulars/regulars/bench/result"
)

// operation is one kind of work in a community.
type operation struct {
	what    string
	scan    bool // reads all members, by design
	rows    int  // of the file
	once    bool // cannot be repeated
	prepare func(context.Context) error
	do      func(context.Context) error
}

// memberPart measures operations in a community of one size on one engine.
type memberPart struct {
	*growth
	v        *server
	person   *visitor
	members  int
	floors   store // of files
	file     loadFile
	fillJob  string // of the import of all members
	cursor   string // of the second part of all members
	roleID   string // of few members
	spareID  string // role that is added and removed
	planID   string // field with an index
	tagID    string // of a quarter of the members
	userIDs  []string
	sequence atomic.Int64
}

// slowOperation is the time of a call in seconds from which it is not repeated.
const slowOperation = 5.0

// fewMembers is the number of members of a rare role or tag.
const fewMembers = 10

// measureMembers measures operations of a fixed amount of work in a community of some
// members. An operation that fails is left out.
func (g *growth) measureMembers(ctx context.Context, engine string, members int) (err error) {
	p := &memberPart{growth: g, members: members}
	if p.floors, err = g.newStore(ctx, engine); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.drop(ctx, p.floors)) }()
	p.file = loadFile{path: filepath.Join(p.floors.folder, "few.csv"), rows: g.opts.rows}
	if err := writeFile(p.file.path, p.file.rows, math.MaxInt64, newGenerator(false), p.file.rows); err != nil {
		return err
	}
	return g.serve(ctx, engine, func(v *server) error {
		p.v = v
		if err := p.fill(ctx); err != nil {
			return fmt.Errorf("prepare the community: %w", err)
		}
		for _, list := range [][]operation{p.requests(), p.pages(), p.writes(), p.files()} {
			for _, o := range list {
				if !g.opts.match.MatchString(o.what) {
					continue
				}
				if err := p.measure(ctx, o); err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					g.fail("%s in a community of %s members on %s: %v", o.what, result.Count(members), engine, err)
				}
			}
		}
		return nil
	})
}

// measure measures one operation in turns with its floor.
func (p *memberPart) measure(ctx context.Context, o operation) error {
	m := result.Measurement{Operation: o.what, Part: result.Members, Engine: p.v.store.engine, Rows: o.rows, Members: p.members, Scan: o.scan, FloorOf: "GET /healthz"}
	floor := func(ctx context.Context) error { return p.v.must(ctx, http.MethodGet, "/healthz", nil, nil) }
	if o.rows > 0 {
		m.FloorOf = "the database's shell merges a file of as many rows into as many members"
		floor = func(ctx context.Context) error { _, err := p.floor(ctx, p.floors, p.file); return err }
	}
	var floors []float64
	turn := func() error {
		below, err := p.sample(ctx, nil, floor)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		ours, err := p.sample(ctx, o.prepare, o.do)
		m.Runs, floors = append(m.Runs, ours), append(floors, below)
		return err
	}
	if err := turn(); err != nil { // the first run fills caches
		return err
	}
	if !o.once && m.Runs[0] < slowOperation {
		m.Runs, floors = nil, nil
		for range p.opts.runs {
			if err := turn(); err != nil {
				return err
			}
		}
	}
	p.add(m, floors)
	return nil
}

// fill imports the members, of whom a fixed number has markedPlan, and creates the
// objects that operations use.
func (p *memberPart) fill(ctx context.Context) (err error) {
	v := p.v
	v.client.Timeout = 0 // exports and scans may need longer
	path := filepath.Join(v.store.folder, "members.csv")
	rows := newGenerator(false)
	rows.marked = max(1, p.members/p.opts.rows)
	if err := writeFile(path, p.members, math.MaxInt64, rows, p.members); err != nil {
		return err
	}
	if p.fillJob, err = p.upload(ctx, v, path); err != nil {
		return err
	}
	if p.person, err = p.signIn(ctx, v); err != nil {
		return err
	}
	for i := range fewMembers * 2 {
		var user struct {
			ID string `json:"_id"`
		}
		if err := v.must(ctx, http.MethodPost, "/v1/users/info", map[string]any{"idOrEmail": email(i * p.members / (fewMembers * 2))}, &user); err != nil {
			return err
		}
		p.userIDs = append(p.userIDs, user.ID)
	}
	if err := p.fillRoles(ctx); err != nil {
		return err
	}
	if p.planID, err = p.idOf(ctx, "user-fields", "plan"); err != nil {
		return err
	}
	if p.tagID, err = p.idOf(ctx, "tags", tags[0]); err != nil {
		return err
	}
	if err := p.index(ctx, v, "plan"); err != nil {
		return err
	}
	if err := p.findCursor(ctx); err != nil {
		return err
	}
	// The first request lists the members of the job.
	if err := p.person.download(ctx, "/c/"+v.community+"/members?job="+p.fillJob); err != nil {
		return err
	}
	if err := v.idle(ctx, growthPoll); err != nil || v.store.engine != postgres {
		return err
	}
	// A server that runs for longer has the statistics from autovacuum.
	_, _, err = v.store.shell(ctx, "VACUUM ANALYZE;")
	return err
}

// fillRoles creates a role of few members and one of none.
func (p *memberPart) fillRoles(ctx context.Context) (err error) {
	if p.roleID, err = p.createRole(ctx, "Few"); err != nil {
		return err
	}
	if p.spareID, err = p.createRole(ctx, "Spare"); err != nil {
		return err
	}
	for _, user := range p.userIDs[:fewMembers] {
		if err := p.v.must(ctx, http.MethodPost, "/v1/roles/"+p.roleID+"/add", map[string]any{"userId": user}, nil); err != nil {
			return err
		}
	}
	return nil
}

// findCursor requests the first part of all members.
func (p *memberPart) findCursor(ctx context.Context) error {
	response, err := p.v.send(ctx, http.MethodPost, "/v1/users/filter", map[string]any{"limit": 50})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var part struct {
		Meta struct {
			NextCursor string `json:"next_cursor"`
		}
	}
	err = json.NewDecoder(response.Body).Decode(&part)
	if err == nil && part.Meta.NextCursor == "" {
		err = fmt.Errorf("POST /v1/users/filter: %s without a cursor", response.Status)
	}
	p.cursor = part.Meta.NextCursor
	return err
}

func (p *memberPart) createRole(ctx context.Context, title string) (string, error) {
	var role struct {
		ID string `json:"_id"`
	}
	return role.ID, p.v.must(ctx, http.MethodPost, "/v1/roles", map[string]any{"title": title, "order": 1}, &role)
}

// idOf returns the id of a field or tag of the community by its name.
func (p *memberPart) idOf(ctx context.Context, kind, name string) (string, error) {
	var list []struct {
		ID          string `json:"_id"`
		Field, Name string
	}
	if err := p.v.must(ctx, http.MethodGet, p.in("/"+kind), nil, &list); err != nil {
		return "", err
	}
	for _, one := range list {
		if one.Field == name || one.Name == name {
			return one.ID, nil
		}
	}
	return "", fmt.Errorf("no %s named %s", kind, name)
}

// in is a path of the API below the community.
func (p *memberPart) in(path string) string { return "/v1/communities/" + p.v.community + path }

func (p *memberPart) number() int64 { return p.sequence.Add(1) }

func (p *memberPart) userID() string { return p.userIDs[rand.IntN(len(p.userIDs))] }

// get is an operation that requests a path of the API.
func (p *memberPart) get(what string, scan bool, path string) operation {
	return operation{what: what, scan: scan, do: func(ctx context.Context) error {
		return p.v.must(ctx, http.MethodGet, path, nil, nil)
	}}
}

// filter is an operation that requests 50 members that match a filter.
func (p *memberPart) filter(what string, scan bool, filter map[string]any) operation {
	return operation{what: what, scan: scan, do: func(ctx context.Context) error {
		return p.v.must(ctx, http.MethodPost, "/v1/users/filter", map[string]any{"filter": filter, "limit": 50}, nil)
	}}
}

// requests are reads by the API.
func (p *memberPart) requests() []operation {
	users, part := p.in("/users?limit=50"), fmt.Sprintf("&page=%d", min(100, max(1, p.members/50)))
	return []operation{
		{what: "Read a member by email", do: func(ctx context.Context) error {
			return p.v.must(ctx, http.MethodPost, "/v1/users/info", map[string]any{"idOrEmail": email(rand.IntN(p.members))}, nil)
		}},
		p.get("Read a member by id", false, p.in("/users/"+p.userIDs[0])),
		p.get("List 50 members, first page", false, users),
		p.get("List 50 members, page 100", false, users+part),
		p.get("List 50 members by username", false, users+"&sort=username"),
		p.get("List 50 members by email", false, users+"&sort=email"),
		{what: "List the second 50 members by a cursor", do: func(ctx context.Context) error {
			return p.v.must(ctx, http.MethodPost, "/v1/users/filter", map[string]any{"limit": 50, "cursor": p.cursor}, nil)
		}},
		p.filter("Filter by an indexed field, 1,000 matches", false, map[string]any{"plan": markedPlan}),
		p.filter("Filter by a field without an index", true, map[string]any{"last-deposit": "2020-02-02"}),
		p.get("Search for the start of an email", true, users+"&search=user.0000"),
		p.get("Search for a part of a name", true, users+"&search=nobody"),
		p.get("List the members of a small role", true, users+"&role="+p.roleID),
		p.get("List the members of a large tag", true, users+"&tag="+p.tagID),
		p.get("List the changes of values", false, p.in("/user-field-histories")),
		p.get("List the changes of a member", false, p.in("/users/"+p.userIDs[0]+"/user-field-histories")),
		p.get("List the changes of a field", false, p.in("/user-fields/"+p.planID+"/histories")),
		p.get("List the roles of a member", false, "/v1/roles/"+p.userIDs[0]),
		p.get("Read the community", false, "/v1/servers/"+p.v.community),
		p.get("List 5 events", false, "/v1/events?limit=5"),
		p.get("List the audit log", false, "/v1/servers/"+p.v.community+"/audit-log"),
		p.get("List the rows of the largest import", false, "/v1/users/bulk-update/"+p.fillJob+"/details"),
		p.get("List the failed rows of the largest import", false, "/v1/users/bulk-update/"+p.fillJob+"/details?outcome=failed"),
		{what: "Read the metrics", do: func(ctx context.Context) error { return p.v.download(ctx, "/metrics") }},
	}
}

// pages are pages of the console.
func (p *memberPart) pages() (list []operation) {
	indexed := "?f=is+" + p.planID + "+" + markedPlan
	for _, page := range []struct {
		what string
		scan bool
		path string
	}{
		{"overview", false, "/overview"},
		{"members", false, "/members"},
		{"members by an indexed field, 1,000 matches", false, "/members" + indexed},
		{"members of the largest import", false, "/members?job=" + p.fillJob},
		{"a member", false, "/members/" + p.userIDs[0]},
		{"search", true, "/palette?q=user.0000"},
		{"bulk jobs", false, "/bulk-jobs"},
		{"the largest import", false, "/bulk-jobs/" + p.fillJob},
		{"tags", true, "/tags"},
		{"a tag", true, "/tags/" + p.tagID},
		{"roles", false, "/roles"},
		{"a role", true, "/roles/" + p.roleID},
		{"fields", false, "/fields"},
		{"a field", true, "/fields/" + p.planID},
		{"invites", false, "/invites"},
		{"penalties", false, "/penalties"},
		{"audit log", false, "/audit-log"},
		{"home", false, "/home"},
	} {
		list = append(list, operation{what: "Page: " + page.what, scan: page.scan, do: func(ctx context.Context) error {
			return p.person.download(ctx, "/c/"+p.v.community+page.path)
		}})
	}
	return append(list, operation{what: "Export 1,000 members by an indexed field", do: func(ctx context.Context) error {
		return p.person.download(ctx, "/c/"+p.v.community+"/members/export.csv"+indexed)
	}}, operation{what: "Export all members", scan: true, do: func(ctx context.Context) error {
		return p.person.download(ctx, "/c/"+p.v.community+"/members/export.csv")
	}})
}

// send is an operation that sends one request of the API after another.
func (p *memberPart) send(what string, requests func(n int64) []apiRequest) operation {
	return operation{what: what, do: func(ctx context.Context) error {
		for _, r := range requests(p.number()) {
			if err := p.v.must(ctx, http.MethodPost, r.path, r.body, nil); err != nil {
				return err
			}
		}
		return nil
	}}
}

type apiRequest struct {
	path string
	body map[string]any
}

// writes are small writes.
func (p *memberPart) writes() []operation {
	return []operation{
		p.send("Create a member", func(n int64) []apiRequest {
			name := fmt.Sprintf("created%d", n)
			return []apiRequest{{"/v1/users", map[string]any{"firstname": "Ada", "lastname": "Lovelace", "username": name, "email": name + "@example.com"}}}
		}),
		p.send("Change a value", func(n int64) []apiRequest {
			return []apiRequest{{p.in("/users/" + p.userID() + "/user-fields/lifetime-deposits/histories"), map[string]any{"value": n}}}
		}),
		p.send("Change a value with an index", func(n int64) []apiRequest {
			return []apiRequest{{p.in("/users/" + p.userID() + "/user-fields/plan/histories"), map[string]any{"value": fmt.Sprintf("plan %d", n)}}}
		}),
		p.send("Add and remove a role", func(int64) []apiRequest {
			body := map[string]any{"userId": p.userIDs[0]}
			return []apiRequest{{"/v1/roles/" + p.spareID + "/add", body}, {"/v1/roles/" + p.spareID + "/remove", body}}
		}),
		p.send("Delete and restore a member", func(n int64) []apiRequest {
			user := email(int(n) * 7 % p.members)
			return []apiRequest{{"/v1/users/manage", map[string]any{"user": user, "action": "delete"}}, {"/v1/users/manage", map[string]any{"user": user, "action": "restore"}}}
		}),
		p.send("Warn a member", func(int64) []apiRequest {
			return []apiRequest{{"/v1/servers/" + p.v.community + "/penalties", map[string]any{"userId": p.userID(), "kind": "warn", "reason": "Bench"}}}
		}),
		p.send("Create a note", func(n int64) []apiRequest {
			user := p.userIDs[int(n)%len(p.userIDs)]
			return []apiRequest{{p.in("/users/" + user + "/notes"), map[string]any{"text": "Bench"}}}
		}),
		p.removeTag("Merge a tag of 10 members", http.MethodPut, map[string]any{"name": tags[1], "merge": true}),
		p.removeTag("Delete a tag of 10 members", http.MethodDelete, nil),
	}
}

// removeTag is an operation that removes a tag that few members have, until no member
// has it.
func (p *memberPart) removeTag(what, method string, body any) operation {
	var address string
	prepare := func(ctx context.Context) error {
		name := fmt.Sprintf("tag%d", p.number())
		var tag struct {
			ID string `json:"_id"`
		}
		if err := p.v.must(ctx, http.MethodPost, p.in("/tags"), map[string]any{"name": name}, &tag); err != nil {
			return err
		}
		address = p.in("/tags/" + tag.ID)
		for _, user := range p.userIDs[fewMembers:] {
			if err := p.v.must(ctx, http.MethodPost, p.in("/users/"+user+"/user-fields/tag/histories"), map[string]any{"value": []string{name}}, nil); err != nil {
				return err
			}
		}
		return p.v.idle(ctx, growthPoll)
	}
	return operation{what: what, scan: true, prepare: prepare, do: func(ctx context.Context) error {
		if err := p.v.must(ctx, method, address, body, nil); err != nil {
			return err
		}
		return p.v.idle(ctx, growthPoll)
	}}
}

// files are bulk jobs of few rows.
func (p *memberPart) files() []operation {
	rows := p.opts.rows
	path := filepath.Join(p.v.store.folder, "rows.csv")
	var job string
	send := func(endpoint string, form map[string]string) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			p.v.endpoint, p.v.form = endpoint, form
			defer func() { p.v.endpoint, p.v.form = "", nil }()
			job, err = p.upload(ctx, p.v, path)
			return err
		}
	}
	update := func(context.Context) error { return p.writeUpdate(path) }
	created := firstNewPerson
	create := func(context.Context) error {
		g := newGenerator(false)
		g.first = created
		created += rows
		return writeFile(path, rows, math.MaxInt64, g, rows)
	}
	count := result.Count(rows)
	return []operation{
		{what: "Dry run of " + count + " rows", rows: rows, prepare: update, do: send(updateEndpoint, map[string]string{"dryRun": "true"})},
		{what: "Update of " + count + " members", rows: rows, prepare: update, do: send(updateEndpoint, nil)},
		{what: "Undo of an update of " + count + " members", rows: rows, prepare: func(ctx context.Context) error {
			return errors.Join(update(ctx), send(updateEndpoint, nil)(ctx))
		}, do: func(ctx context.Context) error { return p.undo(ctx, p.v, job) }},
		{what: "Import of " + count + " new members", rows: rows, prepare: create, do: send(importEndpoint, nil)},
	}
}

// writeUpdate writes a file that changes the phone number of members spread over the
// community.
func (p *memberPart) writeUpdate(path string) error {
	var b strings.Builder
	b.WriteString("Email,Phone\n")
	n := p.number()
	for i := range p.opts.rows {
		fmt.Fprintf(&b, "%s,+44%09d\n", email(i*max(1, p.members/p.opts.rows)%p.members), (n*1_000_000+int64(i))%1_000_000_000)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
