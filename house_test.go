package regulars_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Limits of functions and files. Split by noun.
const (
	longestFunction = 60
	longestFile     = 600
)

type source struct {
	path string
	file *ast.File
	set  *token.FileSet
}

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }
func (s source) dir() string          { return filepath.ToSlash(filepath.Dir(s.path)) }

// sources are the Go files a person wrote, without tests.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (path == "bin" || path == "node_modules" || len(path) > 1 && strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file) {
			list = append(list, source{filepath.ToSlash(path), file, set})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestFunctionsAndFilesStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.line(s.file.FileEnd); n > longestFile {
			t.Errorf("%s has %d lines; %d are the most", s.path, n, longestFile)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > longestFunction {
				t.Errorf("%s:%d: %s has %d lines; %d are the most", s.path, s.line(f.Pos()), f.Name.Name, n, longestFunction)
			}
		}
	}
}

func TestOnlyTheClockAsksForTheTimeAndOnlySqldbOpensDatabases(t *testing.T) {
	homes := map[string]string{"time.Now": "internal/clock", "time.Since": "internal/clock", "sql.Open": "internal/sqldb"}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := selector.X.(*ast.Ident); ok && x.Obj == nil {
				name := x.Name + "." + selector.Sel.Name
				if home, kept := homes[name]; kept && s.dir() != home && !strings.HasPrefix(s.dir(), home+"/") {
					t.Errorf("%s:%d: %s is for %s alone", s.path, s.line(n.Pos()), name, home)
				}
			}
			return true
		})
	}
}

// sqlText is what a text has only when it is SQL, or a part of it: words in
// capitals, or the place of an argument.
var sqlText = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE FROM|FROM|WHERE|JOIN|EXISTS|AND|OR|LIKE|VALUES|RETURNING|ORDER BY|GROUP BY|ASC|DESC|LIMIT|OFFSET)\b|\$(\d|%d)`)

// isStore reports whether a file is one for SQL: store.go or store_<noun>.go.
func isStore(path string) bool {
	name := filepath.Base(path)
	return name == "store.go" || strings.HasPrefix(name, "store_")
}

func TestSQLIsInStoreFiles(t *testing.T) {
	for _, s := range sources(t) {
		feature := strings.HasPrefix(s.path, "internal/") && !strings.HasPrefix(s.path, "internal/sqldb/")
		if !feature || isStore(s.path) || slices.Contains(harnesses, s.dir()) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if sqlText.MatchString(text) {
				t.Errorf("%s:%d: SQL belongs into a store file of its package: %q", s.path, s.line(n.Pos()), text)
			}
			return true
		})
	}
}

func TestEachPackageIsDescribedOnce(t *testing.T) {
	described := map[string][]string{}
	for _, s := range sources(t) {
		paths := described[s.dir()]
		if s.file.Doc != nil {
			paths = append(paths, s.path)
			if name := s.file.Name.Name; name != "main" && !strings.HasPrefix(s.file.Doc.Text(), "Package "+name+" ") {
				t.Errorf("%s: a package's comment starts with \"Package %s \"", s.path, name)
			}
		}
		described[s.dir()] = paths
	}
	for dir, paths := range described {
		if len(paths) != 1 {
			t.Errorf("%s has %d package comments, it needs one: %s", dir, len(paths), strings.Join(paths, " "))
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && ownerExported(d) && !wellKnown[d.Name.Name] {
					t.Errorf("%s:%d: %s has no comment", s.path, s.line(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				checkGroup(t, s, d)
			}
		}
	}
}

// wellKnown methods implement interfaces of the standard library: the
// interface says what they do.
var wellKnown = map[string]bool{
	"Error": true, "Unwrap": true, "String": true, "ServeHTTP": true, "MarshalJSON": true, "UnmarshalJSON": true,
	"Len": true, "Less": true, "Swap": true, "Close": true, "Values": true, "Next": true, "Err": true, "Scan": true, "Value": true,
	"Read": true, "Write": true, "Is": true, "MarshalText": true, "UnmarshalText": true,
}

func ownerExported(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	owner := f.Recv.List[0].Type
	for {
		switch x := owner.(type) {
		case *ast.StarExpr:
			owner = x.X
		case *ast.IndexExpr:
			owner = x.X
		case *ast.IndexListExpr:
			owner = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func checkGroup(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch x := spec.(type) {
		case *ast.TypeSpec:
			if x.Name.IsExported() && d.Doc == nil && x.Doc == nil {
				t.Errorf("%s:%d: %s has no comment", s.path, s.line(x.Pos()), x.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range x.Names {
				if name.IsExported() && d.Doc == nil && x.Doc == nil && x.Comment == nil {
					t.Errorf("%s:%d: %s has no comment", s.path, s.line(name.Pos()), name.Name)
				}
			}
		}
	}
}

var promisedTest = regexp.MustCompile("`([\\w/]+)\\.((?:Test|Fuzz)\\w+)`")

// TestPromisesOfSecurityNameTests checks that each promise of docs/security.md
// names a test and that the test exists.
func TestPromisesOfSecurityNameTests(t *testing.T) {
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "| |\n") {
		t.Error("a promise names no test")
	}
	for _, name := range promisedTest.FindAllStringSubmatch(string(text), -1) {
		files, err := filepath.Glob("internal/" + name[1] + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		below, err := filepath.Glob("internal/*/" + name[1] + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, below...)
		found := false
		for _, path := range files {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(source), "func "+name[2]+"(")
		}
		if !found {
			t.Errorf("there is no %s.%s", name[1], name[2])
		}
	}
}
