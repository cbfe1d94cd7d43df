package bulk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/member/directory"
)

// savedByLibreOffice opens workbooks in LibreOffice and returns them as it saves
// them. Without LibreOffice the test is left out, or fails with
// REGULARS_TEST_ALL=1.
func savedByLibreOffice(t *testing.T, workbooks ...string) ([]string, bool) {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil && os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatal("no LibreOffice on this machine: install the package libreoffice-calc")
	}
	if err != nil {
		t.Log("LEFT OUT: no LibreOffice on this machine")
		return nil, false
	}
	folder := t.TempDir()
	args := []string{"-env:UserInstallation=file://" + filepath.Join(folder, "profile"), "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", filepath.Join(folder, "saved")}
	names := make([]string, len(workbooks))
	for i, content := range workbooks {
		names[i] = string(rune('a'+i)) + ".xlsx"
		path := filepath.Join(folder, names[i])
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.CommandContext(t.Context(), soffice, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	saved := make([]string, len(workbooks))
	for i, name := range names {
		content, err := os.ReadFile(filepath.Join(folder, "saved", name))
		if err != nil {
			t.Fatal(err)
		}
		saved[i] = string(content)
	}
	return saved, true
}

func TestWorkbooksImportAgainAfterLibreOfficeSavedThem(t *testing.T) {
	each(t, func(f *fixture) {
		f.createAwkwardMembers()
		exported := f.exportAs(bulk.Workbook, directory.Filter{})
		o := bulk.Options{DateFormat: "DD/MM/YYYY", Decimal: ",", Sheet: "People & co"}
		rows := f.workbook("People & co",
			[]any{"First Name", "Last Name", "Username", "Email", "Score", "Plan", "Born", "Country"},
			[]any{"Ann", "One", "ann", "ann@example.com", 12.5, "01067", "05/04/2026", "Atlantis"},
			[]any{"'=x", "-3", "cleo", "cleo@example.com", -0.25, "'=1", "07/04/2026", "Utopia"},
			[]any{"Dee", "=1+1", "dee", "dee@example.com", "1.250", "+49 151 0", "2026-04-08", "Lemuria"},
		)
		done := f.run(bulk.Import, rows, o)
		f.want(done, bulk.CompletedWithErrors, 0, 0, 0, 0, 3)
		failed := f.failedAs(done, bulk.Workbook)
		saved, ok := savedByLibreOffice(f.T, exported, failed)
		if !ok {
			return
		}
		before := f.dump()
		f.want(f.run(bulk.Import, saved[0], bulk.Options{}), bulk.Completed, 0, 0, int64(len(awkward)), 0, 0)
		f.want(f.run(bulk.Update, saved[0], bulk.Options{}), bulk.Completed, 0, 0, int64(len(awkward)), 0, 0)
		again := f.run(bulk.Import, saved[1], o)
		f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 3)
		if f.dump() != before {
			f.Error("members have changed")
		}
		for i, file := range []string{exported, failed} {
			_, want := f.tableOf(file)
			if _, got := f.tableOf(saved[i]); !slices.Equal(got, want) {
				f.Errorf("saved rows differ\n%q\n%q", got, want)
			}
		}
		if _, got := f.tableOf(f.failedAs(again, bulk.Workbook)); len(got) != 4 || got[3] == "" {
			f.Errorf("%q", got)
		}
	})
}
