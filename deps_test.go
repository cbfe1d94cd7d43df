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

// layers lists the packages, the lowest layer first, one layer a line. A package
// imports packages of lower layers only, never of its own layer or a higher one. A
// new package is added here before its first import.
var layers = []string{
	"migrations web examples docs", // embedded files only
	"internal/errs internal/clock internal/collector internal/id internal/text internal/emoji internal/patch",
	"internal/cursor internal/sqldb/checkpoint internal/sqldb/postgres internal/sqldb/stmtcache internal/outage internal/words",
	"internal/actor internal/sqldb internal/blob internal/blob/s3/s3test internal/mail/mailtest internal/sheet/record internal/safehttp internal/i18n internal/markdown",
	"internal/sqldb/keyscan internal/sqldb/rowbuffer internal/sqldb/pgtest internal/blob/s3 internal/sheet/unpack internal/sheet/foreign",
	"internal/sheet/xmlpart",
	"internal/sheet/xlsx internal/sheet/ods internal/sheet/charset",
	"internal/sheet",
	"internal/sqldb/sqldbtest internal/account/oidctest",
	"internal/jobs internal/idempotency internal/seal internal/ratelimit internal/cache",
	"internal/event internal/audit",
	"internal/feature",
	"internal/mail internal/httpx internal/bulk/spill",
	"internal/media",
	"internal/community",
	"internal/account",
	"internal/account/password internal/account/link internal/account/throttle internal/account/flow internal/account/totp",
	"internal/account/session internal/account/mailer",
	"internal/account/reauth",
	"internal/account/twofactor internal/account/passkey internal/account/provider",
	"internal/account/signin",
	"internal/access/permission",
	"internal/access",
	"internal/access/standing",
	"internal/field",
	"internal/ownership/transfer internal/condition internal/automation/expression",
	"internal/member internal/member/figure",
	"internal/ledger/queue",
	"internal/ledger internal/presence internal/member/tally internal/progress/level",
	"internal/bulk/posting",
	"internal/member/directory internal/bulk/source",
	"internal/member/assign",
	"internal/ledger/economy",
	"internal/ledger/chain internal/ledger/operation",
	"internal/roster",
	"internal/bulk/outcome",
	"internal/bulk/job internal/bulk/correction",
	"internal/bulk/origin internal/bulk/mapping internal/bulk/errorgroup internal/bulk/newfield internal/bulk/choice internal/bulk/jobmember",
	"internal/bulk/staged",
	"internal/fieldchange internal/moderation internal/note internal/block",
	"internal/ownership",
	"internal/member/membertest",
	"internal/chat internal/direct internal/chart",
	"internal/message/image internal/message/place internal/message/reaction internal/message/search internal/message/wordlist",
	"internal/message",
	"internal/message/delivery internal/message/list internal/message/post internal/message/react",
	"internal/message/change",
	"internal/report internal/readstate internal/message/topic",
	"internal/progress/cause internal/progress/gain internal/progress/subject",
	"internal/progress/activity internal/progress/rule internal/progress/tier",
	"internal/progress/badge internal/progress/count",
	"internal/progress/award internal/progress/milestone",
	"internal/progress/application internal/progress/completion internal/progress/earned",
	"internal/shop internal/board internal/hook internal/widget",
	"internal/bulk/plan",
	"internal/bulk/apply",
	"internal/bulk/undo",
	"internal/bulk",
	"internal/stats internal/installation internal/automation",
	"internal/live internal/automation/firing",
	"internal/api internal/ui internal/embed",
	"internal/api/wire internal/ui/plot internal/ui/errorlist internal/ui/conditions",
	"internal/api/activity internal/api/auth internal/api/automation internal/api/badge internal/api/block internal/api/bulk internal/api/channel internal/api/direct internal/api/event internal/api/field internal/api/gamification internal/api/key internal/api/ledger internal/api/limit internal/api/message internal/api/milestone internal/api/moderation internal/api/note internal/api/realtime internal/api/report internal/api/role internal/api/server internal/api/user " +
		"internal/ui/account internal/ui/audit internal/ui/automation internal/ui/badge internal/ui/bulk internal/ui/channel internal/ui/field internal/ui/guide internal/ui/home internal/ui/installation internal/ui/key " +
		"internal/ui/member internal/ui/message internal/ui/milestone internal/ui/moderation internal/ui/overview internal/ui/progress internal/ui/remedy internal/ui/report internal/ui/role internal/ui/rule internal/ui/settings internal/ui/signin internal/ui/tag internal/ui/tier",
	"internal/app/config internal/app/datadir internal/app/demo internal/app/health internal/app/importreport internal/app/metrics",
	"internal/app",
	"internal/app/apptest internal/ui/uitest",
	"cmd/regulars",
	"bench/plot",
	"bench/result",
}

// harnesses are packages for tests. An external test (package x_test) of any layer
// may import them; otherwise only a harness of a higher layer may.
var harnesses = []string{"internal/sqldb/pgtest", "internal/sqldb/sqldbtest", "internal/account/oidctest", "internal/member/membertest", "internal/app/apptest"}

// importers lists, for packages with few importers, those that are allowed.
var importers = map[string][]string{
	"migrations":   {"internal/sqldb"},
	"examples":     {"internal/app"},
	"docs":         {"internal/ui/guide", "internal/app"},
	"web":          {"internal/api", "internal/ui", "internal/embed"},
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
		layer, ok := rank[path]
		if !ok {
			t.Errorf("%s has no layer: add it to layers in deps_test.go", path)
			continue
		}
		checkImports(t, rank, path, layer, p)
	}
}

func checkImports(t *testing.T, rank map[string]int, path string, layer int, p pkg) {
	t.Helper()
	uses := func(kind string, imports []string, external bool) {
		for _, full := range imports {
			used, ours := strings.CutPrefix(full, module)
			if !ours || external && (used == path || slices.Contains(harnesses, used)) {
				continue
			}
			if at, known := rank[used]; known && at >= layer {
				t.Errorf("%s may not import %s%s: its layer is %d, that of %s is %d. Imports point down; append an event to reach a higher layer.", path, used, kind, layer, used, at)
			}
			if kind == "" && slices.Contains(harnesses, used) && !slices.Contains(harnesses, path) {
				t.Errorf("%s may not import %s: it is for tests.", path, used)
			}
			if allowed, limited := importers[used]; limited && !external && !slices.Contains(allowed, path) {
				t.Errorf("%s may not import %s%s: only %s may.", path, used, kind, strings.Join(allowed, ", "))
			}
		}
	}
	uses("", p.Imports, false)
	uses(" in its tests", p.TestImports, false)
	uses(" in its external tests", p.XTestImports, true)
}

// frames have one package per area below them. An area imports the frame, types
// that areas share, and features.
var frames = map[string][]string{
	"internal/api": {"internal/api/wire"},
	"internal/ui":  {"internal/ui/plot", "internal/ui/errorlist", "internal/ui/conditions", "internal/ui/uitest"},
}

func TestAreasDoNotImportEachOther(t *testing.T) {
	for _, p := range allPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		for frame, shared := range frames {
			if !strings.HasPrefix(path, frame+"/") || slices.Contains(shared, path) {
				continue
			}
			for _, full := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
				used := strings.TrimPrefix(full, module)
				if used != path && strings.HasPrefix(used, frame+"/") && !slices.Contains(shared, used) {
					t.Errorf("%s may not import %s: an area imports its frame and features, never another area.", path, used)
				}
			}
		}
	}
}

func TestEachPackageHasOneLayer(t *testing.T) {
	seen := map[string]bool{}
	for _, layer := range layers {
		for _, path := range strings.Fields(layer) {
			if seen[path] {
				t.Errorf("%s has two layers", path)
			}
			seen[path] = true
		}
	}
}

func ranks() map[string]int {
	rank := map[string]int{}
	for layer, paths := range layers {
		for _, path := range strings.Fields(paths) {
			rank[path] = layer
		}
	}
	return rank
}

// allPackages returns the packages of the module without the root, which has these
// tests and embeds documents, and without generators (package main outside cmd).
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
		generator := p.Name == "main" && !strings.HasPrefix(p.ImportPath, module+"cmd/")
		if p.ImportPath+"/" != module && !generator {
			list = append(list, p.pkg)
		}
	}
}
