package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// untranslated are folders with errors for programs only.
var untranslated = []string{"api", "app", "idempotency", "jobs", "sqldb"}

// usedTexts returns every text that the sources translate, with one position of
// its use.
func usedTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, s := range sources(t) {
		r := reader{found: func(english string, at token.Pos) {
			if strings.ContainsFunc(english, isLetter) {
				texts[english] = s.place(at)
			}
		}}
		r.errors, r.rules = !slices.Contains(untranslated, s.area), slices.Contains(features, s.area)
		ast.Inspect(s.file, r.inspect)
	}
	return texts
}

// source is a Go file without tests.
type source struct {
	area string // its folder in internal
	file *ast.File
	set  *token.FileSet
}

func (s source) place(at token.Pos) string { return s.set.Position(at).String() }

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
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

// features are folders whose rules say what is wrong in whole sentences, which
// pages tell again.
var features = []string{"access", "account", "actor", "bulk", "chat", "community", "field", "media", "member", "sheet"}

// reader finds the translated texts of a file.
type reader struct {
	errors bool // include texts of errors
	rules  bool // include every literal that looks like a sentence
	found  func(english string, at token.Pos)
}

// errorFuncs are the functions that create texts of errors, with the index of the
// text among their arguments.
var errorFuncs = map[string]int{"errs.New": 2, "errs.Wrong": 2, "errs.NewSentence": 0, "errs.Word": 0, "unfit": 1, "errTaken": 2, "refused": 0}

// titleFuncs are functions of the console that translate arguments, with the
// indices of these.
var titleFuncs = map[string][]int{"page": {1, 3}, "again": {1}, "goTo": {1}}

func (r reader) inspect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		r.call(n)
	case *ast.CompositeLit:
		r.nouns(n)
	case *ast.BasicLit, *ast.BinaryExpr:
		if r.rules && isSentence(n.(ast.Expr)) {
			r.literal(n.(ast.Expr), same)
			return false
		}
	}
	return true
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
	case name == "Count" && len(call.Args) == 3, name == "plural" && len(call.Args) == 3:
		r.literal(call.Args[1], counted)
		r.literal(call.Args[2], counted)
	case name == "Key" && owner == "i18n":
		r.literal(call.Args[0], same)
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

// nouns reads the entries of the navigation.
func (r reader) nouns(lit *ast.CompositeLit) {
	list, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return
	}
	if name, _ := nameOf(list.Elt); name != "noun" {
		return
	}
	for _, element := range lit.Elts {
		if inner, ok := element.(*ast.CompositeLit); ok && len(inner.Elts) > 1 {
			r.literal(inner.Elts[1], same)
		}
	}
}

func same(s string) string { return s }

// counted returns the text that counts a noun, as console.Reader builds it.
func counted(noun string) string {
	if strings.Contains(noun, "%") {
		return noun
	}
	return "%d " + noun
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
