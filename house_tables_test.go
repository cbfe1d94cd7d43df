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

// foreignWriters are packages that still write the table of another one: the
// list may only shrink.
var foreignWriters = map[string][]string{}

// ownerMark begins the line of a migration that names the owner of the tables below.
const ownerMark = "-- owner: "

// columnNames are tables whose name is a column of others too.
var columnNames = []string{"roles", "tags"}

var (
	createTable = regexp.MustCompile(`(?i)CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	dropTable   = regexp.MustCompile(`(?i)DROP TABLE (?:IF EXISTS )?(\w+)`)
	renameTable = regexp.MustCompile(`(?i)ALTER TABLE (\w+) RENAME TO (\w+)`)
	writeTable  = regexp.MustCompile(`\b(?:INSERT INTO|UPDATE|DELETE FROM) +(\w+)`)
	writeAny    = regexp.MustCompile(`\b(?:INSERT INTO|UPDATE|DELETE FROM) *(?:$|%)`)
)

// tableOwners returns the package that writes each table that exists after all
// migrations: the one of the nearest line "-- owner: PACKAGE" above. Others join
// the table in SQL and call the owner to change it.
func tableOwners(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	owners := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		owner := ""
		for _, line := range strings.Split(string(text), "\n") {
			if name, ok := strings.CutPrefix(line, ownerMark); ok {
				owner = "internal/" + name
			}
			line, _, _ = strings.Cut(line, "--")
			if m := createTable.FindStringSubmatch(line); m != nil {
				owners[m[1]] = owner
			}
			if m := dropTable.FindStringSubmatch(line); m != nil {
				delete(owners, m[1])
			}
			if m := renameTable.FindStringSubmatch(line); m != nil {
				owners[m[2]] = owners[m[1]]
				delete(owners, m[1])
			}
		}
	}
	return owners
}

func TestAPackageWritesItsOwnTables(t *testing.T) {
	owners, exist := tableOwners(t), map[string]bool{}
	for table, owner := range owners {
		exist[table] = true
		if info, err := os.Stat(owner); owner == "" || err != nil || !info.IsDir() {
			t.Errorf("the owner of table %s is %q: write a line %sPACKAGE above it in its migration", table, owner, ownerMark)
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
