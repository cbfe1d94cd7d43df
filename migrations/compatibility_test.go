package migrations

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// breaking are statements that a program of an earlier release may not survive.
var breaking = []*regexp.Regexp{
	regexp.MustCompile(`(?is)^DROP `),
	regexp.MustCompile(`(?is)^TRUNCATE `),
	regexp.MustCompile(`(?is)^DELETE `),
	regexp.MustCompile(`(?is)^ALTER TABLE .*\b(DROP|RENAME|ALTER|CONSTRAINT)\b`),
	regexp.MustCompile(`(?is)^ALTER TABLE .*\b(REFERENCES|UNIQUE|CHECK)\b`),
}

var (
	comment     = regexp.MustCompile(`--[^\n]*`)
	addColumn   = regexp.MustCompile(`(?is)^ALTER TABLE \S+ ADD COLUMN .*\bNOT NULL\b`)
	defaults    = regexp.MustCompile(`(?i)\bDEFAULT\b`)
	createTable = regexp.MustCompile(`(?is)^CREATE TABLE (\S+)`)
	trigger     = regexp.MustCompile(`(?is)^CREATE TRIGGER .*? ON (\S+)`)
	uniqueIndex = regexp.MustCompile(`(?is)^CREATE UNIQUE INDEX \S+ ON (\S+)`)
)

// breakingStatement returns the first statement of a migration that an earlier
// program may not survive; "" for none.
func breakingStatement(text string) string {
	created := map[string]bool{}
	for statement := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";") {
		statement = strings.TrimSpace(statement)
		for _, b := range breaking {
			if b.MatchString(statement) {
				return statement
			}
		}
		if found := createTable.FindStringSubmatch(statement); found != nil {
			created[found[1]] = true
		}
		if found := trigger.FindStringSubmatch(statement); found != nil && !created[found[1]] {
			return statement
		}
		if found := uniqueIndex.FindStringSubmatch(statement); found != nil && !created[found[1]] {
			return statement
		}
		if addColumn.MatchString(statement) && !defaults.MatchString(statement) {
			return statement
		}
	}
	return ""
}

func TestBreakingStatementsAreRecognized(t *testing.T) {
	for text, want := range map[string]bool{
		"CREATE TABLE a (id BIGINT NOT NULL);\nCREATE UNIQUE INDEX a_id ON a (id);":            false,
		"CREATE TABLE a (id BIGINT);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;": false,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT '';":                                 false,
		"ALTER TABLE a ADD COLUMN b TEXT;":                                                     false,
		"UPDATE a SET b = 'x';\nINSERT INTO c SELECT b FROM a;":                                false,
		"CREATE INDEX a_b ON a (b); -- DROP TABLE a;":                                          false,
		"CREATE UNIQUE INDEX a_b ON a (b);":                                                    true,
		"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;":                              true,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL;":                                            true,
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT '' UNIQUE;":                          true,
		"ALTER TABLE a DROP COLUMN b;":                                                         true,
		"ALTER TABLE a RENAME COLUMN b TO c;":                                                  true,
		"ALTER TABLE a ALTER COLUMN b SET NOT NULL;":                                           true,
		"ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);":                                        true,
		"SELECT 1;\nDROP INDEX a_b;":                                                           true,
	} {
		if got := breakingStatement(text); (got != "") != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestMigrationsStateTheOldestProgram checks the rule of docs/operations.md: a
// migration expands the schema, so that the previous program can use it. One that
// breaks earlier programs says so by a higher number than the migrations before it.
func TestMigrationsStateTheOldestProgram(t *testing.T) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	before := int64(Compatibility - 1)
	for _, name := range names {
		number, err := strconv.ParseInt(name[:4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if number < Compatibility {
			continue
		}
		content, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		found := oldestLine.FindAllStringSubmatch(text, -1)
		if len(found) != 1 {
			t.Errorf("%s: %d lines such as -- oldest: %d", name, len(found), number-1)
			continue
		}
		oldest, err := strconv.ParseInt(found[0][1], 10, 64)
		if err != nil || oldest >= number || oldest < before {
			t.Errorf("%s: the oldest program knows migration %d; %d to %d are possible", name, oldest, before, number-1)
		}
		for _, engine := range []engineFS{"sqlite", "postgres"} {
			if s := breakingStatement(string(engine.expand(content))); s != "" && oldest == before {
				t.Errorf("%s breaks earlier programs: raise its line -- oldest to the release that no longer needs what this removes: %s", name, s)
			}
		}
		before = oldest
	}
	if oldest, err := Oldest(); err != nil || oldest != before {
		t.Errorf("oldest %d, %v; want %d", oldest, err, before)
	}
}
