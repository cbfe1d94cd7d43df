package regulars_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/migrations"
)

var updatePages = flag.Bool("update", false, "write the reference pages of docs")

const generatedPage = "<!-- Generated: make update. -->\n\n"

// TestReferencePagesAreCurrent compares the pages of docs that are derived from
// the code with the code.
func TestReferencePagesAreCurrent(t *testing.T) {
	for path, page := range map[string]string{
		"docs/permissions.md": permissionsPage(t), "docs/errors.md": errorsPage(t), "docs/schema.md": schemaPage(t),
	} {
		if *updatePages {
			if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if stored, err := os.ReadFile(path); err != nil || string(stored) != page {
			t.Errorf("%s is not current: run make update (%v)", path, err)
		}
	}
}

// permissionsPage lists which permission an operation needs of a key and of a
// person.
func permissionsPage(t *testing.T) string {
	t.Helper()
	table, err := os.ReadFile("internal/api/testdata/routes.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(table), "\n"), "\n")
	var starts []int
	for _, title := range []string{"method path", "operation", "actor", "one of the permissions", "marks"} {
		starts = append(starts, strings.Index(lines[0], title))
	}
	cell := func(line string, i int) string {
		from, to := min(starts[i], len(line)), len(line)
		if i+1 < len(starts) {
			to = min(starts[i+1], len(line))
		}
		return strings.TrimSpace(line[from:to])
	}
	var b strings.Builder
	b.WriteString(generatedPage + `# Permissions

What each operation of the API needs. One of the named permissions is enough. Owners of
the community, members with ` + "`server_administrator`" + ` and the owner of the installation have
every permission. A key never exceeds the permissions of its creator.

| operation | callers | key | role of a person |
|---|---|---|---|
`)
	for _, line := range lines[1:] {
		var ofKey, ofRole []string
		for _, name := range strings.Fields(cell(line, 3)) {
			need := actor.Permission(strings.TrimSuffix(name, ","))
			switch need {
			case permission.AnyPerson, actor.PermSessionOnly:
				continue
			case permission.AnyMember:
				ofKey, ofRole = append(ofKey, "any"), append(ofRole, "any member")
				continue
			}
			if need == actor.PermSignIn {
				ofKey, ofRole = append(ofKey, "`signIn`"), append(ofRole, "none: keys only")
				continue
			}
			ofKey = append(ofKey, "`"+string(permission.OfKey(need))+"`")
			for _, role := range permission.OfRoles(need) {
				ofRole = append(ofRole, "`"+role+"`")
			}
			if need == permission.ViewChannels {
				ofRole = append(ofRole, "any member")
			}
		}
		slices.Sort(ofKey)
		slices.Sort(ofRole)
		who := cell(line, 2)
		role := strings.Join(slices.Compact(ofRole), ", ")
		if role == "" && (who == "community" || who == "community, or open import") {
			role = "`server_administrator`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.Join(strings.Fields(cell(line, 0)), " "), who, strings.Join(slices.Compact(ofKey), ", "), role)
	}
	return b.String()
}

// errorCode is a code with what the sources say about it.
type errorCode struct {
	statuses map[int]bool
	messages map[string]bool
}

// errorsPage lists the codes of errors that the sources construct with constant
// codes.
func errorsPage(t *testing.T) string {
	t.Helper()
	failures, fields := map[string]*errorCode{}, map[string]*errorCode{}
	kinds := map[string]errs.Kind{
		"Internal": errs.Internal, "Invalid": errs.Invalid, "Unauthenticated": errs.Unauthenticated, "Forbidden": errs.Forbidden, "NotFound": errs.NotFound,
		"Conflict": errs.Conflict, "Gone": errs.Gone, "TooLarge": errs.TooLarge, "Unsupported": errs.Unsupported, "Limited": errs.Limited, "Unavailable": errs.Unavailable,
	}
	add := func(list map[string]*errorCode, code, message string, status int) {
		one := list[code]
		if one == nil {
			one = &errorCode{map[int]bool{}, map[string]bool{}}
			list[code] = one
		}
		if status > 0 {
			one.statuses[status] = true
		}
		if message != "" {
			one.messages[message] = true
		}
	}
	translated, err := i18n.Catalogue(i18n.Languages[1])
	if err != nil {
		t.Fatal(err)
	}
	addMissing := func(noun string) {
		if missing := errs.Missing(noun); translated[missing.Message] != "" { // the others are not shown
			add(failures, missing.Code, missing.Message, missing.Kind.Status())
		}
	}
	eachCall(t, func(name, kind string, values []string) {
		switch name {
		case "errs.New":
			if status, known := kinds[kind]; known && values[1] != "" {
				add(failures, values[1], values[2], status.Status())
			}
		case "errs.Missing":
			addMissing(values[0])
		case "sqldb.One":
			addMissing(values[2])
		case "errs.Wrong":
			add(fields, values[1], values[2], 0)
		case "field.Unfit":
			add(fields, values[0], values[1], 0)
		}
	})
	delete(fields, "")
	var b strings.Builder
	b.WriteString(generatedPage + `# Errors

Codes of errors, which do not change. Messages are for people and may change; ` + "`%s`" + ` and
the like stand for values. [bulk-import.md](bulk-import.md) explains the codes of rows.

## Responses

| code | status | message |
|---|---|---|
`)
	writeCodes(&b, failures, true)
	b.WriteString("\n## Fields and cells\n\nIn `errors` of a response with `invalid_input`, and in rows of bulk jobs.\n\n| code | message |\n|---|---|\n")
	writeCodes(&b, fields, false)
	return b.String()
}

func writeCodes(b *strings.Builder, list map[string]*errorCode, withStatus bool) {
	for _, code := range slices.Sorted(maps.Keys(list)) {
		messages := slices.Sorted(maps.Keys(list[code].messages))
		for i, m := range messages {
			messages[i] = strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(m)
		}
		fmt.Fprintf(b, "| `%s` |", code)
		if withStatus {
			var statuses []string
			for _, status := range slices.Sorted(maps.Keys(list[code].statuses)) {
				statuses = append(statuses, strconv.Itoa(status))
			}
			fmt.Fprintf(b, " %s |", strings.Join(statuses, ", "))
		}
		fmt.Fprintf(b, " %s |\n", strings.Join(messages, " / "))
	}
}

// eachCall visits the calls of functions in our sources, without tests. values
// are the constant arguments, "" for others; kind is the name of the first argument.
func eachCall(t *testing.T, visit func(name, kind string, values []string)) {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, "./internal/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		for _, file := range p.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				called := call.Fun
				kind := ""
				if first, ok := call.Args[0].(*ast.SelectorExpr); ok {
					kind = first.Sel.Name
				}
				if x, ok := called.(*ast.SelectorExpr); ok {
					called = x.Sel
				}
				name, ok := called.(*ast.Ident)
				if !ok {
					return true
				}
				function, ok := p.TypesInfo.Uses[name].(*types.Func)
				if !ok || function.Pkg() == nil {
					return true
				}
				values := make([]string, len(call.Args))
				for i, argument := range call.Args {
					if v := p.TypesInfo.Types[argument].Value; v != nil && v.Kind() == constant.String {
						values[i] = constant.StringVal(v)
					}
				}
				visit(strings.TrimPrefix(function.Pkg().Path(), module+"internal/")+"."+function.Name(), kind, values)
				return true
			})
		}
	}
}

// schemaPage lists the tables of a migrated SQLite database with their owners.
func schemaPage(t *testing.T) string {
	t.Helper()
	db := sqldbtest.Open(t, sqldbtest.Address(t, sqldb.SQLite))
	type column struct {
		name, kind, standard string
		required             bool
		key                  int
	}
	scanColumn := func(s sqldb.Scanner) (c column, err error) {
		err = s.Scan(&c.name, &c.kind, &c.standard, &c.required, &c.key)
		return c, err
	}
	names, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name NOT LIKE 'message_words_found%' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	ownerOf := tableOwners(t)
	comments := schemaComments(t)
	var b strings.Builder
	b.WriteString(generatedPage + `# Database schema

The tables after all migrations, with SQLite's types; PostgreSQL has the same names. Only
the owning package writes a table. Times are Unix milliseconds, ids are 24 hex digits;
` + "`key_text`" + ` is text that is compared bytewise. A number in the column *key* is the
position in the primary key; *unique* lists the other keys.
`)
	for _, name := range names {
		columns, err := sqldb.All(t.Context(), db, scanColumn, "SELECT name, type, COALESCE(dflt_value, ''), \"notnull\", pk FROM pragma_table_info($1) ORDER BY cid", name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%sOwner: `%s`\n\n| column | type | null | default | key | |\n|---|---|---|---|---|---|\n", name, comments[name], cmp.Or(strings.TrimPrefix(ownerOf[name], "internal/"), "sqldb"))
		for _, c := range columns {
			null, key := "yes", ""
			if c.required {
				null = ""
			}
			if c.key > 0 {
				key = strconv.Itoa(c.key)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.name, c.kind, null, c.standard, key, comments[name+"."+c.name])
		}
		unique, err := sqldb.All(t.Context(), db, sqldb.Value[string], `SELECT (SELECT group_concat(i.name, ', ') FROM pragma_index_info(l.name) i)
			FROM pragma_index_list($1) l WHERE l.origin = 'u' ORDER BY 1`, name)
		if err != nil {
			t.Fatal(err)
		}
		if len(unique) > 0 {
			fmt.Fprintf(&b, "\nUnique: (%s)\n", strings.Join(unique, "), ("))
		}
		indexes, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL ORDER BY name", name)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range indexes {
			fmt.Fprintf(&b, "\n    %s\n", strings.Join(strings.Fields(index), " "))
		}
	}
	return b.String()
}

var columnComment = regexp.MustCompile(`^  (\w+) .*-- (.*)$`)

// schemaComments returns the comments of the migrations on tables ("events") and
// columns ("events.sequence").
func schemaComments(t *testing.T) map[string]string {
	t.Helper()
	files := migrations.For(string(sqldb.SQLite))
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		table, above := "", ""
		for line := range strings.Lines(string(text)) {
			line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "<", "&lt;")
			if comment, ok := strings.CutPrefix(line, "-- "); ok {
				if !strings.HasPrefix(comment, "+goose") && !strings.HasPrefix(line, ownerMark) {
					above += comment + "\n"
				}
				continue
			}
			if m := createTable.FindStringSubmatch(line); m != nil {
				table = m[1]
				if above != "" {
					comments[table] = above + "\n"
				}
			}
			if m := columnComment.FindStringSubmatch(line); m != nil {
				comments[table+"."+m[1]] = m[2]
			}
			above = ""
		}
	}
	return comments
}
