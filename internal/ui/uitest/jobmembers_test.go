package uitest_test

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestMembersOfAnImportArePagedByPosition(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var rows strings.Builder
		rows.WriteString("Email,Username,First Name,Last Name\n")
		for i := range 120 {
			fmt.Fprintf(&rows, "m%03[1]d@example.com,m%03[1]d,M,M\n", i)
		}
		done := a.Import(t, communityID, a.Key(t, communityID), rows.String(), nil)
		list := "/c/" + communityID + "/members?job=" + done.JobID
		const previous, next = `href="([^"]*)"[^>]*>Previous`, `href="([^"]*)"[^>]*>Next`
		link := func(text, pattern string) string {
			t.Helper()
			return html.UnescapeString(olivia.linkIn(text, pattern))
		}
		shows := func(text string, sees ...string) {
			t.Helper()
			for _, want := range sees {
				if !strings.Contains(text, want) {
					t.Errorf("the page has no %q", want)
				}
			}
		}
		for sort, names := range map[string][]string{"": {"@m119", "@m069", "@m019"}, "&sort=username": {"@m000", "@m050", "@m100"}, "&sort=-coins": {"@m119", "@m069", "@m019"}} {
			first := olivia.body(list + sort)
			shows(first, names[0], "1–50 of 120 members")
			middle := link(first, next)
			second := olivia.body(middle)
			shows(second, names[1], "51–100 of 120 members")
			last := olivia.body(link(second, next))
			shows(last, names[2], "101–120 of 120 members")
			if strings.Contains(last, `id="page-next"`) || !strings.Contains(middle, "after=") {
				t.Errorf("%s: a page behind the last one", middle)
			}
			back := link(last, previous)
			shows(olivia.body(back), names[1], "51–100 of 120 members")
			if !strings.Contains(back, "before=") {
				t.Errorf("%s has no position", back)
			}
			shows(olivia.body(link(olivia.body(back), previous)), names[0], "1–50 of 120 members")
			_, position, _ := strings.Cut(middle, "after=")
			position, _, _ = strings.Cut(position, "&")
			for _, lost := range []string{"&page=2&after=x", "&page=2&sort=email&after=" + position} {
				if got := olivia.get(list + lost); got.status != http.StatusSeeOther || strings.Contains(got.header.Get("Location"), "page=") {
					t.Errorf("%s leads to %d %s", lost, got.status, got.header.Get("Location"))
				}
			}
		}
	})
}

func TestMembersOfAnImportAreListedAndExported(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		check := wizardCheck(t, olivia, communityID, "spring.csv", miaRow+"ned@example.com,ned,Ned,N\n")
		if strings.Contains(olivia.body(check), "members?job=") {
			t.Error("a check has members")
		}
		run := olivia.awaitJob(communityID, olivia.follow(check+"/apply", nil))
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nzed@example.com,zed,Zed,Z\n", nil)
		list := olivia.linkIn(olivia.body("/c/"+communityID+"/bulk-jobs/"+lastPart(run)), `href="([^"]*members[?]job=[^"]*)"[^>]*>Members of this import`)
		if got := olivia.linkIn(olivia.body(run), `href="([^"]*members[?]job=[^"]*)"`); got != list {
			t.Errorf("the wizard leads to %s, the job to %s", got, list)
		}
		text := olivia.body(list)
		for word, want := range map[string]bool{"@mia": true, "@ned": true, "@zed": false, "spring.csv": true, "Created or changed by the job": true, "Do the same with code": false} {
			if strings.Contains(text, word) != want {
				t.Errorf("%q in the list: %v", word, !want)
			}
		}
		if searched := olivia.body(list + "&q=ned"); strings.Contains(searched, "@mia") || !strings.Contains(searched, "@ned") || !strings.Contains(searched, "spring.csv") {
			t.Error("the search does not restrict the members of the job")
		}
		file := olivia.get("/c/" + communityID + "/members/export.csv?job=" + lastPart(run))
		if file.status != http.StatusOK || !strings.Contains(file.text, "ned@example.com") || strings.Contains(file.text, "zed") {
			t.Errorf("the export: %d %s", file.status, file.text)
		}
		other, nina := owner2(t, a)
		for address, want := range map[string]string{
			"/c/" + other + "/members?job=" + lastPart(run):         "This community has no job with this id.",
			"/c/" + communityID + "/members?job=" + lastPart(check): "A dry run creates and changes no members.",
		} {
			p := olivia
			if strings.Contains(address, other) {
				p = nina
			}
			if text := p.body(address); !strings.Contains(text, want) || strings.Contains(text, "@mia") {
				t.Errorf("%s has no %q", address, want)
			}
		}
		if got := olivia.get("/c/" + communityID + "/members/export.csv?job=" + lastPart(check)); got.status != http.StatusBadRequest {
			t.Errorf("the export of a check: %d", got.status)
		}
	})
}
