package regulars_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/regulars/regulars/"

// floors lists our packages from the ground up, one floor a line. A package
// may import packages of the lines above its own here, never of its own line
// or one below it. A new package gets its place here before its first import.
var floors = []string{
	"migrations web examples", // embedded files only
	"internal/errs internal/clock internal/id internal/text",
	"internal/actor internal/sqldb internal/blob internal/sheet internal/safehttp internal/i18n",
	"internal/sqldb/pgtest",
	"internal/sqldb/sqldbtest internal/account/oidctest",
	"internal/jobs internal/idempotency internal/seal internal/ratelimit",
	"internal/event internal/audit internal/mail internal/httpx",
	"internal/media",
	"internal/community",
	"internal/account",
	"internal/access",
	"internal/field",
	"internal/member",
	"internal/chat internal/reward internal/chart",
	"internal/shop internal/board internal/stats internal/hook internal/widget",
	"internal/bulk",
	"internal/api internal/console internal/embed internal/live",
	"internal/app",
	"internal/app/apptest",
	"cmd/regulars",
}

// harnesses start things for tests. An external test (package x_test) may
// import them from any floor; nothing else may, but a harness higher up.
var harnesses = []string{"internal/sqldb/pgtest", "internal/sqldb/sqldbtest", "internal/account/oidctest", "internal/app/apptest"}

// visitors names the packages that only some may import.
var visitors = map[string][]string{
	"migrations":   {"internal/sqldb"},
	"examples":     {"internal/app"},
	"web":          {"internal/api", "internal/console", "internal/embed"},
	"internal/app": {"internal/app/apptest", "cmd/regulars"},
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsPointDown(t *testing.T) {
	rank := ranks()
	for _, p := range allPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		floor, ok := rank[path]
		if !ok {
			t.Errorf("%s stands on no floor: add it to floors in deps_test.go", path)
			continue
		}
		checkImports(t, rank, path, floor, p)
	}
}

func checkImports(t *testing.T, rank map[string]int, path string, floor int, p pkg) {
	t.Helper()
	uses := func(kind string, imports []string, external bool) {
		for _, full := range imports {
			used, ours := strings.CutPrefix(full, module)
			if !ours || external && (used == path || slices.Contains(harnesses, used)) {
				continue
			}
			if at, known := rank[used]; known && at >= floor {
				t.Errorf("%s may not import %s%s: it stands on floor %d, and %s on %d. Imports point down; what has to go up is an event.", path, used, kind, floor, used, at)
			}
			if kind == "" && slices.Contains(harnesses, used) && !slices.Contains(harnesses, path) {
				t.Errorf("%s may not import %s: it is for tests.", path, used)
			}
			if guests, limited := visitors[used]; limited && !external && !slices.Contains(guests, path) {
				t.Errorf("%s may not import %s%s: only %s may.", path, used, kind, strings.Join(guests, ", "))
			}
		}
	}
	uses("", p.Imports, false)
	uses(" in its tests", p.TestImports, false)
	uses(" in its external tests", p.XTestImports, true)
}

func TestEachPackageStandsOnOneFloor(t *testing.T) {
	seen := map[string]bool{}
	for _, floor := range floors {
		for _, path := range strings.Fields(floor) {
			if seen[path] {
				t.Errorf("%s stands on two floors", path)
			}
			seen[path] = true
		}
	}
}

func ranks() map[string]int {
	rank := map[string]int{}
	for floor, paths := range floors {
		for _, path := range strings.Fields(paths) {
			rank[path] = floor
		}
	}
	return rank
}

// allPackages are all packages of the module but the root, which has only these
// tests, and programs that only make files (package main outside cmd).
func allPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			pkg
			Name string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		maker := p.Name == "main" && !strings.HasPrefix(p.ImportPath, module+"cmd/")
		if p.ImportPath+"/" != module && !maker {
			list = append(list, p.pkg)
		}
	}
}
