package uitest_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// browserPath finds Chromium. Without one the tests that need it stop with a
// word about it, and fail where everything has to run.
func browserPath(t *testing.T) (string, bool) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	if os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatal("no Chromium on this machine: install the package chromium")
	}
	t.Log("left out: no Chromium on this machine")
	return "", false
}

// chromium is the browser of this process: starting one for each test takes longer
// than many tests.
var chromium struct {
	start sync.Once
	ctx   context.Context
	stop  func()
	err   error
}

// startChromium starts the browser at its first call and returns its context.
func startChromium(path string) (context.Context, error) {
	chromium.start.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.WindowSize(1440, 900), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, closeTab := chromedp.NewContext(allocator)
		chromium.ctx, chromium.err = ctx, chromedp.Run(ctx)
		chromium.stop = func() {
			_ = chromedp.Cancel(ctx) // ends the browser and waits; the folder can go then
			closeTab()
			stopAllocator()
		}
	})
	return chromium.ctx, chromium.err
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// Tab is a window of the browser with a profile of its own. Whatever the browser
// complains about on its console, a breach of the Content-Security-Policy too,
// fails the test.
func Tab(t *testing.T) (context.Context, bool) {
	t.Helper()
	path, ok := browserPath(t)
	if !ok {
		return nil, false
	}
	started, err := startChromium(path)
	if err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	executor := cdp.WithExecutor(started, chromedp.FromContext(started).Browser)
	profile, err := target.CreateBrowserContext().Do(executor)
	if err != nil {
		t.Fatalf("create a profile: %v", err)
	}
	t.Cleanup(func() {
		if err := target.DisposeBrowserContext(profile).Do(executor); err != nil {
			t.Errorf("delete the profile: %v", err)
		}
	})
	window, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(executor)
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	ctx, closeTab := chromedp.NewContext(started, chromedp.WithTargetID(window))
	t.Cleanup(closeTab)
	ctx, giveUp := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(giveUp)
	listen(t, ctx)
	if err := chromedp.Run(ctx, log.Enable(), runtime.Enable()); err != nil {
		t.Fatalf("attach to the window: %v", err)
	}
	return ctx, true
}

// minimize makes the browser lay out pages without painting them, which takes a
// third of the time. Pictures need a painted page.
func minimize() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if os.Getenv("REGULARS_SCREENSHOTS") != "" {
			return nil
		}
		window, _, err := cdpbrowser.GetWindowForTarget().Do(ctx)
		if err != nil {
			return err
		}
		return cdpbrowser.SetWindowBounds(window, &cdpbrowser.Bounds{WindowState: cdpbrowser.WindowStateMinimized}).Do(ctx)
	})
}

func listen(t *testing.T, ctx context.Context) {
	var mu sync.Mutex
	var said []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			// An address that answers 4xx is what some tests are about, and
			// what is only information is no complaint: a key pressed before
			// the page's autofocus, say.
			if e.Entry.Source != log.SourceNetwork && e.Entry.Level != log.LevelInfo && e.Entry.Level != log.LevelVerbose {
				said = append(said, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
			}
		case *runtime.EventConsoleAPICalled:
			for _, arg := range e.Args {
				said = append(said, fmt.Sprintf("console.%s: %s %s", e.Type, arg.Value, arg.Description))
			}
		case *runtime.EventExceptionThrown:
			said = append(said, "thrown: "+e.ExceptionDetails.Error())
		}
	})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, line := range said {
			t.Errorf("the browser says: %s", line)
		}
	})
}

// Appearance is the window and the theme in which a page is checked.
type Appearance struct {
	Name  string
	Wide  int64
	High  int64
	Theme string
	Touch bool
	Rules string // what axe looks at, "": all; "none" where another look has seen it
}

var looks = []Appearance{
	{"light", 1440, 900, "light", false, ""},
	{"dark", 1440, 900, "dark", false, "color-contrast"},
	{"phone", 390, 844, "light", true, ""},
	{"tablet", 1024, 768, "dark", false, "none"},
}

func (l Appearance) put() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := emulation.SetDeviceMetricsOverride(l.Wide, l.High, 1, l.Touch).Do(ctx); err != nil {
			return err
		}
		if err := emulation.SetTouchEmulationEnabled(l.Touch).Do(ctx); err != nil {
			return err
		}
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.Theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}).Do(ctx)
	})
}

// CheckPage fails for what axe finds on the page that is open, and for a page
// that is wider than its window. With REGULARS_SCREENSHOTS it keeps a picture.
func CheckPage(t *testing.T, ctx context.Context, name string, l Appearance) {
	t.Helper()
	var wide float64
	if err := chromedp.Run(ctx, l.put(), chromedp.Evaluate("document.documentElement.scrollWidth", &wide)); err != nil {
		t.Fatalf("%s %s: %v", name, l.Name, err)
	}
	if int64(wide) > l.Wide {
		t.Errorf("%s %s: the page is %.0f px wide in a window of %d", name, l.Name, wide, l.Wide)
	}
	if l.Rules != "none" {
		runAxe(t, ctx, name, l)
	}
	savePicture(t, ctx, name, l)
}

func runAxe(t *testing.T, ctx context.Context, name string, l Appearance) {
	t.Helper()
	options := `resultTypes: ["violations"]`
	if l.Rules != "" {
		options += `, runOnly: {type: "rule", values: ["` + l.Rules + `"]}`
	}
	run := `axe.run(document, {` + options + `}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help,
		nodes: v.nodes.slice(0, 4).map(n => n.html.slice(0, 200) + " | " + n.failureSummary)}))))`
	var found string
	var there bool // another look at this page has brought it
	err := chromedp.Run(ctx, chromedp.Evaluate("typeof axe === 'object'", &there))
	if err == nil && !there {
		err = chromedp.Run(ctx, chromedp.Evaluate(axe+"; 1", nil))
	}
	if err != nil {
		t.Fatalf("%s %s: %v", name, l.Name, err)
	}
	err = chromedp.Run(ctx,
		chromedp.Evaluate(run, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if err != nil {
		t.Fatalf("%s %s: %v", name, l.Name, err)
	}
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s %s: axe %s: %s\n\t%s", name, l.Name, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

func savePicture(t *testing.T, ctx context.Context, name string, l Appearance) {
	t.Helper()
	folder := os.Getenv("REGULARS_SCREENSHOTS")
	if folder == "" {
		return
	}
	var picture []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&picture, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+"-"+l.Name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
