package uitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

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
