//go:build screenshots

package uitest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/examples"
	"github.com/regulars/regulars/internal/app/apptest"
)

const pictures = "../../../docs/screenshots"

// TestScreenshots renews the pictures of the documentation from the demo. Run it by
// make screenshots.
func TestScreenshots(t *testing.T) {
	tab, ok := Tab(t)
	if !ok {
		t.Fatal("pictures need Chromium")
	}
	b := &browser{T: t, ctx: tab}
	link := startDemo(t)
	b.do("sign in", chromedp.Navigate(link), chromedp.WaitReady("body"))
	b.do("continue", chromedp.Click("form button", chromedp.ByQuery))
	b.until("the community", `location.pathname.startsWith("/c/")`)
	var at string
	b.do("read the address", chromedp.Location(&at))
	home := regexp.MustCompile(`^.*/c/[0-9a-f]{24}`).FindString(at)
	if home == "" {
		t.Fatalf("signing in led to %s", at)
	}
	server := home[:strings.Index(home, "/c/")]

	b.picture("members", home+"/members", 1440, 900, "light")
	b.picture("members-phone-dark", home+"/members", 390, 844, "dark")
	b.picture("role-permissions", home+"/roles/permissions", 1440, 900, "light")
	b.picture("channels-phone", home+"/channels", 390, 844, "light")
	b.picture("account-dark", server+"/account/security", 1440, 900, "dark")
	b.picture("chat", home+"/chat", 1440, 900, "light")
	b.picture("chat-phone-dark", home+"/chat", 390, 844, "dark")
	b.do("open a profile", chromedp.Navigate(home+"/members?q=arthurbarnes"), chromedp.Click(`tbody th a, tbody td a`, chromedp.ByQuery), chromedp.WaitReady(".profile, #main h1"))
	b.do("read the address", chromedp.Location(&at))
	b.picture("profile-dark", at, 1440, 900, "dark")

	file := filepath.Join(t.TempDir(), "members-april.csv")
	if err := os.WriteFile(file, nextMonth(examples.Members), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do("choose the file", chromedp.Navigate(home+"/import"), chromedp.SetUploadFiles("#file", []string{file}, chromedp.ByQuery))
	b.until("the columns", `/import\/[0-9a-f]+$/.test(location.pathname)`)
	b.sees("Fields of the columns")
	b.do("read the address", chromedp.Location(&at))
	b.picture("import-columns", at, 1440, 900, "light")
	b.press("Check the file")
	b.until("the check", `document.querySelector('form[action$="/apply"] button') !== null`)
	b.do("read the address", chromedp.Location(&at))
	b.picture("import-check", at, 1440, 900, "light")
	b.picture("import-check-dark", at, 1440, 900, "dark")
	b.do("import", chromedp.Click(`form[action$="/apply"] button`, chromedp.ByQuery))
	b.sees("Undo import")
	b.do("read the address", chromedp.Location(&at))
	b.picture("import-run-phone", at, 390, 844, "light")
	b.picture("overview", home+"/", 1440, 900, "light")
}

// startDemo starts the demo and returns its link for signing in.
func startDemo(t *testing.T) string {
	demo := exec.CommandContext(t.Context(), apptest.Binary(t), "demo", "--addr", "127.0.0.1:0")
	demo.Cancel = func() error { return demo.Process.Signal(os.Interrupt) }
	demo.WaitDelay = 10 * time.Second
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if link := strings.TrimSpace(lines.Text()); strings.Contains(link, "/link?token=") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return link
		}
	}
	t.Fatal("the demo printed no link")
	return ""
}

// nextMonth returns the members of the demo with new ones and changed phones.
func nextMonth(members []byte) []byte {
	var b strings.Builder
	for i, line := range strings.SplitAfter(string(members), "\n") {
		cells := strings.Split(line, ",")
		if i > 0 && i%8 == 0 && len(cells) > 4 {
			cells[4] = fmt.Sprintf("+44 1632 960%03d", i)
		}
		b.WriteString(strings.Join(cells, ","))
	}
	for i, name := range []string{"Ada Lovelace", "Grace Hopper", "Mary Somerville", "Emmy Noether", "Hedy Lamarr", "Rosalind Franklin"} {
		first, last, _ := strings.Cut(name, " ")
		fmt.Fprintf(&b, "%s,%s,%s%d,%s@example.org,,GB,en-GB,,newsletter,Pro,%d,2026-04-01\n", first, last, strings.ToLower(first), i, strings.ToLower(last), 20*i)
	}
	return []byte(b.String())
}

// picture keeps a picture of a page.
func (b *browser) picture(name, address string, width, height int64, theme string) {
	b.Helper()
	var picture []byte
	b.do("picture of "+name,
		emulation.SetDeviceMetricsOverride(width, height, 1, width < 500),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
		chromedp.Navigate(address), chromedp.WaitReady("#main"),
		chromedp.ActionFunc(func(ctx context.Context) error {
			return chromedp.Evaluate("document.fonts.ready.then(() => 1)", nil).Do(ctx)
		}),
		chromedp.CaptureScreenshot(&picture))
	if err := os.WriteFile(filepath.Join(pictures, name+".png"), picture, 0o644); err != nil {
		b.Fatal(err)
	}
}
