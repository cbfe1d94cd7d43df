package console_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/auth"
)

func TestTheLogIsFilteredByWhatWasTouched(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		if _, err := a.Members.CreateTag(auth.WithActor(t.Context(), apptest.Operator), communityID, "orchid"); err != nil {
			t.Fatal(err)
		}
		if got := olivia.get("/c/" + communityID + "/members/export.csv"); got.status != 200 {
			t.Fatalf("export: %d", got.status)
		}
		for noun, tagged := range map[string]bool{"tag": true, "member": false, "bulk_job": false} {
			got := olivia.get("/c/" + communityID + "/audit-log?noun=" + noun)
			exported := strings.Contains(got.text, "member.export")
			if got.status != 200 || strings.Contains(got.text, "orchid") != tagged || exported != (noun == "member") {
				t.Errorf("%s: %d, tag %v, export %v", noun, got.status, strings.Contains(got.text, "orchid"), exported)
			}
		}
	})
}
