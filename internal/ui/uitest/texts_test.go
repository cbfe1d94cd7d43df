package uitest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	markup = regexp.MustCompile(`(?s)<[^>]*>|&[a-z]+;`)
	spoken = regexp.MustCompile(`(?:aria-label|placeholder|title|alt|data-busy)="([^"\x00]*[A-Za-z]{2}[^"\x00]*)"`)
	word   = regexp.MustCompile(`[A-Za-z]{2}`)
)

// names are the same in every language.
var names = map[string]bool{"Regulars": true, "OpenAPI": true, "Esc": true, "GB": true, "CSV": true}

// TestTemplatesContainNoUntranslatedText reads what the templates write as it is:
// every word for people goes through T.
func TestTemplatesContainNoUntranslatedText(t *testing.T) {
	files, err := templates()
	if err != nil || len(files) < 40 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			html := written(f)
			for _, found := range spoken.FindAllStringSubmatch(html, -1) {
				t.Errorf("%s: %s says %q in an attribute", path, f.Name.Name, found[1])
			}
			for text := range strings.SplitSeq(markup.ReplaceAllString(html, "\x00"), "\x00") {
				if text = strings.TrimSpace(text); word.MatchString(text) && !names[text] {
					t.Errorf("%s: %s says %q", path, f.Name.Name, text)
				}
			}
		}
	}
}

// templates are the generated files of the console.
func templates() ([]string, error) {
	frame, err := filepath.Glob("../*_templ.go")
	if err != nil {
		return nil, err
	}
	areas, err := filepath.Glob("../*/*_templ.go")
	return append(frame, areas...), err
}

// written is what a template writes as it is, with a NUL for each value.
func written(f *ast.FuncDecl) string {
	var b strings.Builder
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 {
			return true
		}
		name, ok := call.Fun.(*ast.SelectorExpr)
		literal, constant := call.Args[2].(*ast.BasicLit)
		if !ok || name.Sel.Name != "WriteString" || !constant {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil {
			b.WriteString(text + "\x00")
		}
		return true
	})
	return b.String()
}
