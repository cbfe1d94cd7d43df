package regulars_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// owned are the tables of the migrations by the package that writes them. Others
// join them in SQL and call the owner to change them.
var owned = map[string][]string{
	"internal/audit":              {"audit_log"},
	"internal/access":             {"api_keys", "roles", "account_api_keys"},
	"internal/account":            {"accounts", "user_numbers"},
	"internal/account/flow":       {"sign_in_steps"},
	"internal/account/link":       {"email_changes", "one_time_links", "registrations"},
	"internal/account/passkey":    {"passkeys"},
	"internal/account/provider":   {"provider_identities"},
	"internal/account/session":    {"sessions"},
	"internal/account/throttle":   {"known_clients", "sign_in_failures"},
	"internal/account/totp":       {"account_totp", "recovery_codes"},
	"internal/bulk":               {"bulk_erasures"},
	"internal/bulk/job":           {"bulk_jobs"},
	"internal/bulk/outcome":       {"bulk_batches", "bulk_tags"},
	"internal/chat":               {"channel_categories", "channel_overrides", "channels"},
	"internal/community":          {"communities"},
	"internal/event":              {"event_positions", "event_sequences", "events"},
	"internal/jobs":               {"job_nodes", "job_schedules", "jobs"},
	"internal/mail":               {"mail_outbox"},
	"internal/media":              {"media"},
	"internal/member":             {"field_history", "member_declines", "member_identifiers", "member_links", "member_counts", "member_values", "member_visits", "members", "merged_tags", "unused_tags", "tags"},
	"internal/fieldchange":        {"field_jobs"},
	"internal/moderation":         {"invite_uses", "invites", "penalties"},
	"internal/note":               {"member_notes"},
	"internal/roster":             {"saved_views"},
	"internal/ownership/transfer": {"ownership_transfers"},
	"internal/field":              {"deleted_fields", "field_definitions"},
	"internal/idempotency":        {"idempotency_keys"},
	"internal/ratelimit":          {"rate_limit_counters"},
	"internal/stats":              {"stats_members"},
	"internal/seal":               {"secret_key"},
}

// foreignWriters are packages that still write the table of another one: the
// list may only shrink.
var foreignWriters = map[string][]string{}

// columnNames are tables whose name is a column of others too.
var columnNames = []string{"roles", "tags"}

var (
	createTable = regexp.MustCompile(`(?i)CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	dropTable   = regexp.MustCompile(`(?i)DROP TABLE (?:IF EXISTS )?(\w+)`)
	renameTable = regexp.MustCompile(`(?i)ALTER TABLE (\w+) RENAME TO (\w+)`)
	writeTable  = regexp.MustCompile(`\b(?:INSERT INTO|UPDATE|DELETE FROM) +(\w+)`)
	writeAny    = regexp.MustCompile(`\b(?:INSERT INTO|UPDATE|DELETE FROM) *(?:$|%)`)
)

// tables are those that exist after all migrations.
func tables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	exist := map[string]bool{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			line, _, _ = strings.Cut(line, "--")
			if m := createTable.FindStringSubmatch(line); m != nil {
				exist[m[1]] = true
			}
			if m := dropTable.FindStringSubmatch(line); m != nil {
				delete(exist, m[1])
			}
			if m := renameTable.FindStringSubmatch(line); m != nil {
				delete(exist, m[1])
				exist[m[2]] = true
			}
		}
	}
	return exist
}

func TestAPackageWritesItsOwnTables(t *testing.T) {
	exist := tables(t)
	owners := map[string]string{}
	for dir, list := range owned {
		for _, table := range list {
			owners[table] = dir
		}
	}
	for table := range exist {
		if owners[table] == "" {
			t.Errorf("table %s has no owner", table)
		}
	}
	for table := range owners {
		if !exist[table] {
			t.Errorf("owner of a table that does not exist: %s", table)
		}
	}
	found := map[string]map[string]bool{} // package -> tables it writes
	for _, s := range sources(t) {
		if strings.HasPrefix(s.path, "internal/") && !slices.Contains(harnesses, s.dir()) {
			for table := range writes(t, s, exist) {
				if found[s.dir()] == nil {
					found[s.dir()] = map[string]bool{}
				}
				found[s.dir()][table] = true
			}
		}
	}
	for dir, written := range found {
		for table := range written {
			if owners[table] != dir && !slices.Contains(foreignWriters[dir], table) {
				t.Errorf("%s writes %s, which belongs to %s", dir, table, owners[table])
			}
		}
	}
	for dir, listed := range foreignWriters {
		for _, table := range listed {
			if !found[dir][table] {
				t.Errorf("%s does not write %s: delete the exception", dir, table)
			}
		}
	}
}

// writes returns the tables that a file inserts into, updates or deletes from:
// by SQL, by rows for sqldb, and by a name in a file that builds such a
// statement.
func writes(t *testing.T, s source, exist map[string]bool) map[string]bool {
	t.Helper()
	written := map[string]bool{}
	var names []string
	builds := false
	ast.Inspect(s.file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CompositeLit); ok {
			for _, table := range rowsOf(c) {
				written[table] = true
			}
		}
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range writeTable.FindAllStringSubmatch(text, -1) {
			written[m[1]] = exist[m[1]] || written[m[1]]
		}
		builds = builds || writeAny.MatchString(text)
		if exist[text] && !slices.Contains(columnNames, text) {
			names = append(names, text)
		}
		return true
	})
	for _, name := range names {
		written[name] = written[name] || builds
	}
	for table, is := range written {
		if !is {
			delete(written, table)
		}
	}
	return written
}

// rowsOf returns the table of a sqldb.Rows literal.
func rowsOf(c *ast.CompositeLit) (tables []string) {
	selector, ok := c.Type.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "Rows" {
		return nil
	}
	for _, element := range c.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, _ := pair.Key.(*ast.Ident)
		value, ok := pair.Value.(*ast.BasicLit)
		if ok && key != nil && key.Name == "Table" {
			tables = append(tables, strings.Trim(value.Value, `"`))
		}
	}
	return tables
}
