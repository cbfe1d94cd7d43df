package uitest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const file = `E-Mail;Vorname;Last Name;Login;Shirt;Country
ada@example.com;Ada;Lovelace;ada;M;GB
grace@example.com;Grace;Hopper;grace;S;United States
not-an-address;Nobody;Atall;nobody;L;GB
linus@example.com;Linus;Torvalds;linus;XL;Atlantis
margaret@example.com;Margaret;Hamilton;margaret;S;US
`

// browser is a person in front of a server.
type browser struct {
	*testing.T
	ctx context.Context
	app *apptest.App
}

// startBrowser returns nil on a machine without Chromium.
func startBrowser(t *testing.T, opts ...apptest.Option) *browser {
	t.Helper()
	if _, ok := browserPath(t); !ok {
		return nil
	}
	app := apptest.New(t, sqldbtest.Engines(t)[0], opts...)
	ctx, _ := Tab(t) // closed before the server stops, which its pages would complain about
	return &browser{T: t, ctx: ctx, app: app}
}

func (b *browser) do(what string, actions ...chromedp.Action) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Run(ctx, actions...)
	for err != nil && strings.Contains(err.Error(), "node with given id") {
		err = chromedp.Run(ctx, actions...) // a page came between the search for the node and its use
	}
	if err != nil {
		var where, text string
		_ = chromedp.Run(b.ctx, chromedp.Location(&where), chromedp.Text("body", &text))
		b.Fatalf("%s: %v\nat %s:\n%.1500s", what, err, where, text)
	}
}

func (b *browser) open(path string) {
	b.Helper()
	b.do("open "+path, chromedp.Navigate(b.app.URL()+path), chromedp.WaitReady("#main"))
}

// press clicks what has the text.
func (b *browser) press(text string) {
	b.Helper()
	const shown = `[not(ancestor::dialog[not(@open)])]`
	b.do("press "+text, chromedp.Click(`(//button[normalize-space()="`+text+`"]`+shown+` | //a[normalize-space()="`+text+`"]`+shown+`)[1]`, chromedp.BySearch, chromedp.NodeVisible))
}

func (b *browser) fill(field, value string) {
	b.Helper()
	b.until("the field "+field, `document.querySelector('[name="`+field+`"]') !== null`)
	b.do("fill "+field, chromedp.Evaluate(`document.querySelector('[name="`+field+`"]').value = ""`, nil), chromedp.SendKeys(`[name="`+field+`"]`, value, chromedp.ByQuery))
}

// sees waits until the page shows the text.
func (b *browser) sees(texts ...string) {
	b.Helper()
	for _, text := range texts {
		b.until("wait for "+text, `document.body.innerText.includes(`+quote(text)+`)`)
	}
}

// until asks the page again and again; pages come and go meanwhile.
func (b *browser) until(what, condition string) {
	b.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		var met bool
		if err := chromedp.Run(b.ctx, chromedp.Evaluate(condition, &met)); err == nil && met {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			b.do(what, chromedp.ActionFunc(func(context.Context) error { return errors.New("it did not come") }))
		}
	}
}

func quote(s string) string { return "`" + strings.ReplaceAll(s, "`", "") + "`" }

func (b *browser) path() string {
	b.Helper()
	var where string
	b.do("ask for the address", chromedp.Location(&where))
	return strings.TrimPrefix(where, b.app.URL())
}

func (b *browser) check(name string) {
	b.Helper()
	CheckPage(b.T, b.ctx, "real-"+name, Appearance{Name: "light", Wide: 1440, High: 900, Theme: "light"})
}

// signIn makes a community with an owner and signs them in by the form.
func (b *browser) signIn() (communityID string) {
	b.Helper()
	communityID = b.app.Community(b.T)
	b.app.Owner(b.T, communityID, "olivia")
	b.open("/c/" + communityID + "/members")
	if got := b.path(); !strings.HasPrefix(got, "/sign-in?next=") {
		b.Fatalf("before signing in the page is %s", got)
	}
	b.fill("login", "olivia")
	b.fill("password", "wrong-password-1!")
	b.press("Sign in")
	b.sees("The email address, username or password is wrong.")
	b.fill("password", "correct-horse-battery")
	b.press("Sign in")
	b.sees("Members")
	if got, want := b.path(), "/c/"+communityID+"/members"; got != want {
		b.Fatalf("after signing in the page is %s, not %s", got, want)
	}
	return communityID
}

func TestFirstAccountCreatesTheFirstCommunity(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	b.open("/")
	b.sees("Almost there")
	token, needed, err := b.app.Accounts.SetupLink(t.Context())
	if err != nil || !needed {
		t.Fatalf("set-up link: %v, needed %v", err, needed)
	}
	b.open("/setup?token=" + token)
	b.fill("email", "ada@example.com")
	b.fill("username", "ada")
	b.fill("password", "short")
	b.press("Create account")
	b.sees("A password has at least 10 characters.")
	b.fill("password", "correct-horse-battery!")
	b.press("Create account")
	b.sees("New community", "Account created")
	b.fill("name", "Harbour Runners")
	b.press("Create community")
	b.sees("Harbour Runners created", "ada@example.com", "First steps")
	b.check("first-community")
	b.do("import", chromedp.Click(`.first-steps a[href$="/import"]`, chromedp.ByQuery))
	b.sees("Drop a file with your members here")
	b.open("/setup?token=" + token)
	b.sees("This link has been used")
}

func TestWizardImportsAndUndoesAFile(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	path := filepath.Join(t.TempDir(), "spring.csv")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open("/c/" + communityID + "/import")
	b.do("choose the file", chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery))
	b.sees("Fields of the columns", "spring.csv", "Semicolon", "1 column needs your choice")
	b.check("columns")

	draft := b.path()
	b.open("/c/" + communityID + "/import")
	b.sees("Your unfinished imports", "spring.csv", "Step 2 of 4: Columns")
	b.press("Continue")
	b.sees("Fields of the columns")
	if got := b.path(); got != draft {
		t.Fatalf("continuing leads to %s, not to %s", got, draft)
	}

	b.do("make a field of a column", chromedp.SetValue(`select[name="column-4"]`, "+", chromedp.ByQuery))
	b.press("Check the file")
	b.sees("3 members would be created. 2 rows cannot be imported.", "5 rows read = 3 + 0 + 0 + 0 + 2", "Import 3 rows", "Atlantis")
	b.check("check")
	b.press("Import 3 rows")
	b.sees("3 members were created. 2 rows were not imported.", "Undo import")
	b.check("done")

	b.press("Members of this import")
	b.sees("Grace Hopper", "3 members")
	b.open("/c/" + communityID + "/members")
	b.sees("Grace Hopper", "4 members")
	b.fill("q", "grac")
	b.sees("1 member")
	b.until("the address follows", `location.search === "?q=grac"`)
	b.do("show another column", chromedp.Click(".pick.end summary", chromedp.ByQuery), chromedp.Click(`input[value="field:shirt"]`, chromedp.ByQuery))
	b.until("the column is there", `[...document.querySelectorAll("th")].some(e => e.innerText === "Shirt") && location.search.includes("q=grac")`)
	b.check("members")
	b.press("Grace Hopper")
	b.sees("United States", "Initial value")
	b.check("profile")

	b.open("/c/" + communityID + "/bulk-jobs")
	b.sees("spring.csv", "Dry run", "Import", "Done, some rows failed")
	b.check("log")
	b.do("open the newest job", chromedp.Click(".row-link", chromedp.ByQuery))
	b.sees("3 members were created")
	b.press("Undo import")
	b.do("type the word", chromedp.SendKeys("#undo-job-word", "undo", chromedp.ByQuery))
	b.do("undo", chromedp.Click("#undo-job [data-held]", chromedp.ByQuery))
	b.sees("3 rows were undone.")
	b.check("undo")
	b.open("/c/" + communityID + "/members")
	b.sees("1 member")
}

func TestOtherPagesWork(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	b.open("/c/" + communityID + "/fields/new")
	b.fill("name", "Shirt size")
	b.do("choose the type", chromedp.SetValue(`[name="type"]`, "select", chromedp.ByQuery))
	b.fill("options", "S\nM\nL")
	b.press("Create field")
	b.sees("Field Shirt size created", "shirt-size", "S, M, L")
	b.check("fields")

	b.open("/c/" + communityID + "/api-keys/new")
	b.fill("name", "Nightly")
	b.press("Create key")
	b.sees("A key has at least one permission.")
	b.do("choose a permission", chromedp.Click(`input[value="bulkUpdateUser"]`, chromedp.ByQuery))
	b.press("Create key")
	b.sees("it is shown only once")
	b.check("key")
	var secret string
	b.do("read the key", chromedp.Text(".notice pre", &secret))
	if status, _ := b.app.Do(t, "GET", "/v1/users/bulk-update", strings.TrimSpace(secret), nil); status != 200 {
		t.Errorf("the new key is answered with %d", status)
	}
	b.press("Delete")
	b.press("Delete the key")
	b.sees("Key deleted", "No API keys yet")

	b.open("/c/" + communityID + "/settings/appearance")
	b.sees(communityID)
	b.fill("name", "Night Owls")
	b.fill("accent", "#ffd400")
	b.press("Save")
	b.sees("Saved", "Night Owls")
	b.check("yellow")

	if _, err := b.app.Members.CreateTag(t.Context(), apptest.Operator, communityID, "founder"); err != nil {
		t.Fatal(err)
	}
	b.open("/c/" + communityID + "/members")
	b.do("open the tags", chromedp.Click(`//summary[contains(., "Tag")]`, chromedp.BySearch))
	b.sees("founder")
	b.check("picker")
	b.press("founder")
	b.sees("Tag: founder", "No member found")
	b.do("open the code", chromedp.Click(".terminal summary", chromedp.ByQuery), chromedp.Click(`[name=snippet][value=go]`, chromedp.ByQuery))
	b.sees("http.NewRequest")
	b.check("code")
	b.do("remove the filter", chromedp.Click(".filter-chip a", chromedp.ByQuery))
	b.sees("1 member")
	b.do("sort", chromedp.Click("#sort-email", chromedp.ByQuery))
	b.until("sorted by email", `location.search === "?sort=email" && document.querySelector("#sort-email").hasAttribute("data-on")`)
	b.do("go back", chromedp.Evaluate("history.back()", nil))
	b.until("sorted as before", `location.search === "" && document.querySelector("#sort-created").hasAttribute("data-on")`)

	b.open("/c/" + communityID + "/bulk-jobs")
	b.sees("Nothing has been imported yet")
	b.app.Import(t, communityID, b.app.Key(t, communityID), "Email\nnobody\n", nil)
	b.open("/c/" + communityID + "/bulk-jobs")
	b.sees("1 job")
	b.app.Import(t, communityID, b.app.Key(t, communityID), "Email\nnobody\n", nil)
	b.sees("2 jobs") // without asking again

	b.do("open the palette", chromedp.KeyEvent("k", chromedp.KeyModifiers(2)))
	b.sees("Download the import template")
	b.check("palette")
	b.do("find a member", chromedp.SendKeys("#palette input", "oliv"))
	b.sees("olivia@example.com")
	b.do("go there", chromedp.SendKeys("#palette input", kb.Enter))
	b.sees("olivia@example.com", "Initial value")

	b.do("sign out", chromedp.Click(".person summary", chromedp.ByQuery))
	b.press("Sign out")
	b.sees("Email or username")
}

func TestLongImportShowsProgressAndIsCancelled(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	var long strings.Builder
	long.WriteString("Email,Username,First Name,Last Name\n")
	for i := range 400_000 {
		fmt.Fprintf(&long, "u%d@example.com,u%d,First%d,Last\n", i, i, i)
	}
	status, answer := b.app.Upload(t, "/v1/users/bulk-import", b.app.Key(t, communityID), "long.csv", []byte(long.String()), nil)
	if status != 200 {
		t.Fatalf("upload: %d %v", status, answer)
	}
	b.open("/c/" + communityID + "/bulk-jobs/" + answer["data"].(map[string]any)["jobId"].(string))
	b.until("the title tells the percent", `/^\d+ % · long\.csv/.test(document.title)`)
	b.sees("rows a second", "left")
	b.check("running")
	b.press("Cancel")
	b.press("Cancel the job")
	b.sees("Cancelled. ", "Undo import")
	b.until("the counts add up", `(() => {
		const n = [...document.querySelectorAll(".count b")].map(e => Number(e.innerText.replaceAll(",", "")));
		return n.length === 5 && n[0] > 0 && n[0] < 400000;
	})()`)
}
