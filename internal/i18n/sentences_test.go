package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

// untranslated are folders with errors for programs only.
var untranslated = []string{"api", "app", "idempotency", "jobs", "sqldb"}

// use is where a text is used.
type use struct {
	place string // one position
	file  string // of the catalogues: the area, "common" for several
}

// usedTexts returns the use of every text that the sources translate.
func usedTexts(t *testing.T) map[string]use {
	t.Helper()
	texts := map[string]use{}
	for _, s := range sources(t) {
		r := reader{found: func(english string, at token.Pos) {
			if strings.ContainsFunc(english, isLetter) {
				file := s.catalogue()
				if other, used := texts[english]; used && other.file != file {
					file = "common"
				}
				texts[english] = use{s.place(at), file}
			}
		}}
		r.errors, r.rules = !slices.Contains(untranslated, s.area), !slices.Contains(plain, s.area) && !slices.Contains([]string{"feature.go", "metrics.go"}, filepath.Base(s.set.Position(s.file.Package).Filename)) // help of metrics
		r.missing = r.rules && s.area != "account"                                                                                                                                                                    // its callers answer in their own words
		r.settings = s.file.Name.Name == "config"
		ast.Inspect(s.file, r.inspect)
	}
	return texts
}

// source is a Go file outside tests and their harnesses.
type source struct {
	area string // its folder in internal
	file *ast.File
	set  *token.FileSet
}

// catalogue returns the file of the texts of s. An area of the console has one
// with the feature of its name.
func (s source) catalogue() string {
	folders := strings.Split(filepath.ToSlash(filepath.Dir(s.set.Position(s.file.Package).Filename)), "/")[1:]
	if len(folders) > 1 && folders[0] == "ui" {
		return folders[1]
	}
	return folders[0]
}

func (s source) place(at token.Pos) string { return s.set.Position(at).String() }

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		list = append(list, source{strings.Split(filepath.ToSlash(path), "/")[1], file, set})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func isLetter(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '%' || r == ','
}

// plain are folders without rules of features: entry points and the packages
// below the features. The rules of all other folders say what is wrong in whole
// sentences, which pages show.
var plain = []string{
	"api", "app", "audit", "blob", "clock", "embed", "errs", "event", "feature", "httpx", "i18n", "id", "idempotency", "installation", "jobs", "live", "mail", "ratelimit", "safehttp", "seal",
	"sqldb", "stats", "text", "ui",
}

// reader finds the translated texts of a file.
type reader struct {
	errors   bool // include texts of errors
	rules    bool // include every literal that looks like a sentence
	missing  bool // include what the loaders of rows did not find
	settings bool // include the help of settings
	found    func(english string, at token.Pos)
}

// errorFuncs are the functions that create texts of errors, with the index of the
// text among their arguments; errs calls its own without a package.
var errorFuncs = map[string]int{"errs.New": 2, "New": 2, "errs.Wrong": 2, "errs.NewSentence": 0, "errs.Constant": 0, "errs.Word": 0, "errs.NewOption": 1, "unfit": 1, "errTaken": 2, "refused": 0}

// titleFuncs are functions whose arguments are translated, with the indices of
// these: of the console, and of health checks.
var titleFuncs = map[string][]int{"Failing": {0}, "WithRemedy": {0}, "Page": {1, 3}, "FormAgain": {1}, "entryAgain": {1}, "Redirect": {1}}

func (r reader) inspect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		r.call(n)
	case *ast.CompositeLit:
		return !isEventTypes(n)
	case *ast.Field:
		r.help(n)
	case *ast.BasicLit, *ast.BinaryExpr:
		if r.rules && isSentence(n.(ast.Expr)) {
			r.literal(n.(ast.Expr), same)
			return false
		}
	}
	return true
}

// help finds the help of a setting that pages show: a visible field with a
// variable.
func (r reader) help(n *ast.Field) {
	if n.Tag == nil || !r.settings {
		return
	}
	text, err := strconv.Unquote(n.Tag.Value)
	tag := reflect.StructTag(text)
	_, hidden := tag.Lookup("hidden")
	if help := tag.Get("help"); err == nil && !hidden && tag.Get("env") != "" && help != "" {
		r.found(help, n.Tag.Pos())
	}
}

// isEventTypes reports whether n describes event types, for developers.
func isEventTypes(n *ast.CompositeLit) bool {
	list, ok := n.Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	element, ok := list.Elt.(*ast.SelectorExpr)
	return ok && element.Sel.Name == "Type"
}

// isSentence reports whether e is a constant text in the form of a sentence.
func isSentence(e ast.Expr) bool {
	text, ok := text(e)
	return ok && hasForm(text)
}

// hasForm reports whether text has the form of a sentence.
func hasForm(text string) bool {
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "_ -") || strings.Count(text, " ") < 2 || strings.Contains(text, "\n") {
		return false
	}
	return text[0] == '%' || text[0] >= 'A' && text[0] <= 'Z'
}

func (r reader) call(call *ast.CallExpr) {
	name, owner := nameOf(call.Fun)
	switch {
	case name == "T":
		for _, arg := range call.Args[:min(2, len(call.Args))] {
			if r.literal(arg, same) {
				return
			}
		}
	case name == "Count" && len(call.Args) == 3, name == "Plural" && len(call.Args) == 3:
		r.literal(call.Args[1], counted)
		r.literal(call.Args[2], counted)
	case name == "Key" && owner == "i18n":
		r.literal(call.Args[0], same)
	case name == "Missing" && owner == "errs" && r.errors:
		r.literal(call.Args[0], notFound)
	case name == "One" && owner == "sqldb" && r.missing && scansRow(call.Args[3]):
		r.literal(call.Args[2], notFound)
	case r.errors:
		at, ok := errorFuncs[strings.TrimPrefix(owner+"."+name, ".")]
		if ok && at < len(call.Args) {
			r.literal(call.Args[at], same)
		}
	}
	for _, at := range titleFuncs[name] {
		if at < len(call.Args) {
			r.literal(call.Args[at], same)
		}
	}
}

func same(s string) string { return s }

// counted returns the text that counts a noun, as ui.Reader builds it.
func counted(noun string) string {
	if strings.Contains(noun, "%") {
		return noun
	}
	return "%d " + noun
}

// notFound returns the message of errs.Missing.
func notFound(noun string) string { return errs.Missing(noun).Message }

// scansRow reports whether scan reads a row of a table that callers name.
func scansRow(scan ast.Expr) bool {
	name, owner := nameOf(scan)
	return owner == "" && strings.HasPrefix(name, "scan")
}

func (r reader) literal(e ast.Expr, sentence func(string) string) bool {
	text, ok := text(e)
	if ok && text != "" && text != "%s" {
		r.found(sentence(text), e.Pos())
	}
	return ok
}

// text returns the value of a constant string.
func text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		value, err := strconv.Unquote(e.Value)
		return value, err == nil
	case *ast.BinaryExpr:
		left, ok := text(e.X)
		right, also := text(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	case *ast.ParenExpr:
		return text(e.X)
	}
	return "", false
}

func nameOf(e ast.Expr) (name, owner string) {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name, ""
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return e.Sel.Name, x.Name
		}
		return e.Sel.Name, ""
	}
	return "", ""
}
