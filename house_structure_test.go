package regulars_test

import (
	"go/ast"
	"go/types"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// Limits of a package. References are counted in packages of more than
// referencesFrom files only.
const (
	mostFiles      = 30
	mostLines      = 3000
	mostReferences = 3.0
	referencesFrom = 10
)

// A figure describes the structure of a package, without tests and generated
// files.
type figure struct {
	files, lines int
	// references is the number of ordered pairs of different files A, B where A
	// uses an identifier declared in B (fields and methods included), divided by
	// the number of files.
	references float64
}

func (f figure) within(limit figure) bool {
	return f.files <= limit.files && f.lines <= limit.lines && (f.files <= referencesFrom || f.references <= limit.references)
}

// larger are packages beyond the limits, with the figures they may have. An
// entry may shrink and disappear; ARCHITECTURE.md states the reason of one that
// stays.
var larger = map[string]figure{
	"internal/access": {15, 2851, 3.7},
}

func TestPackagesStaySmallAndHaveWallsInside(t *testing.T) {
	limit := figure{mostFiles, mostLines, mostReferences}
	for path, got := range figures(t) {
		allowed, listed := larger[path]
		switch {
		case !listed && !got.within(limit):
			t.Errorf("%s has %d files, %d lines and %.2f references per file; %d, %d and %.1f are the limits", path, got.files, got.lines, got.references, mostFiles, mostLines, mostReferences)
		case listed && !got.within(allowed):
			t.Errorf("%s has %d files, %d lines and %.2f references per file; its exception is %+v and may only shrink", path, got.files, got.lines, got.references, allowed)
		case listed && got.within(limit):
			t.Errorf("%s is within the limits: delete its exception", path)
		}
	}
}

func figures(t *testing.T) map[string]figure {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, "./internal/...", "./cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]figure{}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			t.Fatal(p.Errors)
		}
		if f := figureOf(p); f.files > 0 {
			list[strings.TrimPrefix(p.PkgPath, module)] = f
		}
	}
	return list
}

func figureOf(p *packages.Package) figure {
	var f figure
	written := map[string]bool{}
	for _, file := range p.Syntax {
		if position := p.Fset.Position(file.FileStart); !ast.IsGenerated(file) {
			written[position.Filename] = true
			f.lines += p.Fset.Position(file.FileEnd).Line
		}
	}
	type pair struct{ from, to string }
	pairs := map[pair]bool{}
	for identifier, used := range p.TypesInfo.Uses {
		if used.Pkg() != p.Types || !used.Pos().IsValid() || local(used) {
			continue
		}
		from, to := p.Fset.Position(identifier.Pos()).Filename, p.Fset.Position(used.Pos()).Filename
		if from != to && written[from] && written[to] {
			pairs[pair{from, to}] = true
		}
	}
	if f.files = len(written); f.files > 0 {
		f.references = float64(len(pairs)) / float64(f.files)
	}
	return f
}

// local reports whether an object is declared in a function.
func local(o types.Object) bool {
	v, ok := o.(*types.Var)
	return ok && !v.IsField() && o.Parent() != o.Pkg().Scope()
}

// storeFiles of less than shortStore lines join another one of their package.
const shortStore = 60

func TestStoreFilesAreJoinedByNoun(t *testing.T) {
	count := map[string]int{}
	short := map[string][]string{}
	for _, s := range sources(t) {
		if !isStore(s.path) {
			continue
		}
		count[s.dir()]++
		if s.line(s.file.FileEnd) < shortStore {
			short[s.dir()] = append(short[s.dir()], filepath.Base(s.path))
		}
	}
	for dir, names := range short {
		if count[dir] > 1 && len(names) > shortStores[dir] {
			t.Errorf("%s: store files of less than %d lines join another: %s (%d are excepted)", dir, shortStore, strings.Join(names, " "), shortStores[dir])
		}
	}
}

// shortStores is how many short store files a package may have; it may only
// shrink.
var shortStores = map[string]int{}
