package regulars_test

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestFeaturesListTheirAuditVerbs compares the constants of type audit.Verb in
// the code of a package with those of its feature.
func TestFeaturesListTheirAuditVerbs(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, "./internal/...")
	if err != nil {
		t.Fatal(err)
	}
	used, listed := map[string]string{}, map[string]string{}
	for _, p := range loaded {
		path := strings.TrimPrefix(p.PkgPath, module)
		for _, file := range p.Syntax {
			inList := strings.HasSuffix(p.Fset.Position(file.FileStart).Filename, "/feature.go")
			ast.Inspect(file, func(n ast.Node) bool {
				expression, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				value := p.TypesInfo.Types[expression]
				named, ok := value.Type.(*types.Named)
				if !ok || named.Obj().Name() != "Verb" || named.Obj().Pkg().Path() != module+"internal/audit" || value.Value == nil {
					return true
				}
				verb := constant.StringVal(value.Value)
				if inList {
					listed[verb] = path
				} else {
					used[verb] = path
				}
				return true
			})
		}
	}
	if len(used) < 40 {
		t.Fatalf("only %d verbs found", len(used))
	}
	for verb, path := range used {
		if owner := listed[verb]; owner == "" {
			t.Errorf("%s uses %s, which no feature.go lists", path, verb)
		}
	}
	for verb, path := range listed {
		if used[verb] == "" {
			t.Errorf("%s lists %s, which nothing records", path, verb)
		}
		if noun, action, ok := strings.Cut(verb, "."); !ok || noun == "" || slices.Contains([]string{"", "make", "take", "give"}, action) {
			t.Errorf("%s: %s is not noun.verb", path, verb)
		}
	}
}
