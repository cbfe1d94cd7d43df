package markdown_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/markdown"
)

//go:embed testdata/purify.min.js
var purify string

// browser returns a tab of Chromium. ok is false on a machine without it; with
// REGULARS_TEST_ALL=1 the test fails.
func browser(t *testing.T) (tab context.Context, ok bool) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
		allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
		t.Cleanup(stop)
		ctx, closeTab := chromedp.NewContext(allocator)
		t.Cleanup(closeTab)
		ctx, giveUp := context.WithTimeout(ctx, 2*time.Minute)
		t.Cleanup(giveUp)
		return ctx, true
	}
	if os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatal("no Chromium on this machine: install the package chromium")
	}
	t.Log("left out: no Chromium on this machine")
	return nil, false
}

// TestDOMPurifyChangesNothing compares the document that a browser reads from the
// HTML with that of DOMPurify, for the examples of CommonMark, bombs and attacks.
func TestDOMPurifyChangesNothing(t *testing.T) {
	tab, ok := browser(t)
	if !ok {
		return
	}
	sources := append(examples(t), attacks...)
	for _, text := range bombs() {
		sources = append(sources, string([]rune(text)[:1_000])) // the browser is slow with deep documents
	}
	var rendered []string
	for _, source := range sources {
		rendered = append(rendered, render(source), markdown.Render(source, markdown.Options{}))
	}
	list, err := json.Marshal(rendered)
	if err != nil {
		t.Fatal(err)
	}
	const compare = `.flatMap((html, i) => {
		const read = new DOMParser().parseFromString(html, "text/html").body.innerHTML;
		const pure = DOMPurify.sanitize(html);
		return read === pure && DOMPurify.removed.length === 0 ? [] : [{i, read: read.slice(0, 2000), pure: pure.slice(0, 2000)}];
	})`
	var changed []struct {
		I          int
		Read, Pure string
	}
	var changes string // of an attack, as a proof that the comparison works
	err = chromedp.Run(tab, chromedp.Navigate("about:blank"), chromedp.Evaluate(purify+"; 1", nil),
		chromedp.Evaluate(string(list)+compare, &changed),
		chromedp.Evaluate(`DOMPurify.sanitize("<b onclick=alert(1)>a</b><script>b</script>")`, &changes))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changed {
		t.Errorf("%.200q: %q, purified %q", sources[c.I/2], c.Read, c.Pure)
	}
	if changes != "<b>a</b>" {
		t.Errorf("DOMPurify answered %q", changes)
	}
	t.Logf("%d texts", len(rendered))
}

var attacks = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<a href="javascript:alert(1)">a</a>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`[a](javascript:alert(1))`, `[a](javascript&colon;alert(1))`, `[a](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))`, `[a](<java script:alert(1)>)`, "[a](\x01javascript:alert(1))",
	`[a](data:text/html;base64,PHNjcmlwdD4=)`, `![a](javascript:alert(1))`, `![a](https://x.org/"onerror="alert(1))`, `[a](https://x.org/"onclick="alert(1))`, `[a](https://x.org 'x" onclick="alert(1)')`,
	`<javascript:alert(1)>`, `<https://x.org/"onclick="alert(1)>`, "```\" onclick=\"alert(1)\na\n```", "```x><script>alert(1)</script>\na\n```", `[a]: javascript:alert(1)` + "\n\n[a]",
	`[<img src=x onerror=alert(1)>](https://x.org)`, `https://x.org/"><script>alert(1)</script>`, "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)", "`<script>`", "    <script>alert(1)</script>",
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`, `</p><script>`, `<plaintext>`, `<textarea></textarea><xmp><script>`, "\u202e[a](https://x.org)", "[a](https://x.org\u202e)",
}
