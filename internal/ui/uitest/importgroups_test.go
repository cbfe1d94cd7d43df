package uitest_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// awaitJob waits for the end of the job at an address of the wizard.
func (p person) awaitJob(communityID, address string) string {
	p.Helper()
	p.app.Await(p.T, communityID, address[strings.LastIndex(address, "/")+1:])
	return address
}

// body returns the text of a page that must be there.
func (p person) body(path string) string {
	p.Helper()
	got := p.get(path)
	if got.status != http.StatusOK {
		p.Fatalf("GET %s: %d %.600s", path, got.status, got.text)
	}
	return html.UnescapeString(got.text)
}

var shownLine = regexp.MustCompile(`data-word="line">([\d,]+)<`)

// shownLines are the lines in the table of rows.
func shownLines(text string) string {
	var lines []string
	for _, m := range shownLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return strings.Join(lines, " ")
}

// linkIn returns the address of the link whose start tag matches a pattern with one
// group.
func (p person) linkIn(text, pattern string) string {
	p.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		p.Fatalf("no link %s in %.300s", pattern, text)
	}
	return m[1]
}

func TestGroupsOfErrorsShowAndDownloadTheirRows(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var file strings.Builder
		file.WriteString("Email,Username,First Name,Last Name,Tag,Country\n")
		for n := range 30 {
			fmt.Fprintf(&file, "m%d@example.com,m%d,A,B,gold,\n", n, n)
		}
		file.WriteString("x@example.com,x1,A,B,\"silver,t1,t2,t3,t4,t5\",\ny@example.com,y1,A,B,,Atlantis\n")
		draft := olivia.stageFile(communityID, "spring.csv", file.String())
		check := olivia.awaitJob(communityID, olivia.follow(draft+"/columns", nil))
		text := olivia.body(check)
		for _, want := range []string{"These tags do not exist.", "31 rows", "gold", "silver", "2 other values", "Atlantis"} {
			if !strings.Contains(text, want) {
				t.Errorf("the check has no %q: %.300s", want, text)
			}
		}
		group := olivia.body(olivia.linkIn(text, `href="([^"#]*code=unknown_country[^"#]*)#rows"`))
		if got := shownLines(group); got != "33" {
			t.Errorf("rows of the country: %s", got)
		}
		first := olivia.body(olivia.linkIn(text, `href="([^"#]*code=unknown_tag[^"#]*value=gold[^"#]*)#rows"`))
		if got := shownLines(first); !strings.HasPrefix(got, "2 3 4 ") || len(strings.Fields(got)) != 25 {
			t.Errorf("rows of gold: %s", got)
		}
		next := olivia.body(olivia.linkIn(first, `href="([^"#]*cursor=[^"#]*)#rows"`))
		if got := shownLines(next); got != "27 28 29 30 31" || !strings.Contains(next, "Its text: gold") {
			t.Errorf("the next rows of gold: %s", got)
		}
		failed := olivia.get(olivia.linkIn(next, `href="([^"]*failed.csv[?][^"]*value=gold[^"]*)"`))
		if failed.status != 200 || strings.Count(failed.text, ",gold,") != 30 || strings.Contains(failed.text, "silver") {
			t.Errorf("download of gold: %d %.300s", failed.status, failed.text)
		}
	})
}

func TestCheckOfManyErrorsIsASmallPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var file strings.Builder
		file.WriteString("Email,Username,First Name,Last Name")
		for n := range 20 {
			fmt.Fprintf(&file, ",Column %d", n)
		}
		file.WriteString("\n")
		for n := range 600 {
			fmt.Fprintf(&file, "m%d@example.com,m%d,A,B%s value %d\n", n, n, strings.Repeat(",", n%20+1), n/20)
		}
		for n := range 20 {
			in := field.Input{Field: fmt.Sprintf("column-%d", n), Name: fmt.Sprintf("Column %d", n), Type: field.Numerical}
			if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
				t.Fatal(err)
			}
		}
		draft := olivia.stageFile(communityID, "wide.csv", file.String())
		check := olivia.awaitJob(communityID, olivia.follow(draft+"/columns", nil))
		got := olivia.get(check)
		if n := strings.Count(got.text, `class="problem"`); n != 20 || len(got.text) > 100_000 {
			t.Errorf("%d groups in %d bytes", n, len(got.text))
		}
	})
}
