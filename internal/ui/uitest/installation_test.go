package uitest_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestStorageUseIsShown(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		if got := root.get("/-/storage"); got.status != 200 || !strings.Contains(got.text, "No files") {
			t.Errorf("without files: %d %s", got.status, got.text)
		}
		rows := "Email,Username,First Name,Last Name\n" + strings.Repeat(",,,\n", 150_000) // of a quota of 1 MiB
		key := a.Key(t, communityID)
		a.Import(t, communityID, key, rows, map[string]string{"dryRun": "true"})
		if got := olivia.get("/c/" + communityID + "/bulk-jobs"); !strings.Contains(got.text, "Kept files: 600 KB of 1.0 MB") {
			t.Errorf("%s", got.text)
		}
		for name, token := range map[string]string{"the owner of a community": olivia.token, "a key": key, "without a session": ""} {
			if got := (person{t, a, token}).get("/-/storage"); got.status == 200 {
				t.Errorf("%s sees all communities", name)
			}
		}
		got := root.get("/-/storage")
		if got.status != 200 || !strings.Contains(got.text, "600 KB of 1.0 MB") || !strings.Contains(got.text, "/c/"+communityID+"/bulk-jobs") || !strings.Contains(got.text, "Free on the disk") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if home := root.get("/c/" + communityID + "/bulk-jobs"); !strings.Contains(home.text, `href="/-/communities"`) {
			t.Error("no menu leads to the installation")
		}
		if first := root.get("/-/communities"); !strings.Contains(first.text, `href="/-/storage"`) {
			t.Error("no link leads to the page")
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.CommunityFilesMiB = 1 }))
}

func TestWizardRejectsAFileBeyondTheQuota(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		rows := []byte("Email,Username,First Name,Last Name\n" + strings.Repeat(",,,\n", 150_000))
		for i, want := range []int{201, 409} {
			body, kind := apptest.Form(t, "members.csv", rows, nil)
			got := olivia.send("POST", "/c/"+communityID+"/import/files", strings.NewReader(string(body)), map[string]string{"Content-Type": kind, "Accept": "application/json"})
			if got.status != want || want == 409 && !strings.Contains(got.text, "storage_quota_reached") {
				t.Errorf("file %d: %d %s", i+1, got.status, got.text)
			}
		}
		left, err := a.Bulk.StorageOf(t.Context(), apptest.Operator, communityID)
		if err != nil || left.Files != 1 {
			t.Errorf("%+v %v", left, err)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.CommunityFilesMiB = 1 }))
}
