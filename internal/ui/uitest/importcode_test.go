package uitest_test

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// germanFile has columns that no field is called like, one with a quote.
const germanFile = "Vorname;Nachname;Ann's Login;E-Mail;Geburtstag;Größe;Egal;Tag\n" +
	"Zoë;Brontë;zoe;zoe@example.com;01/02/1990;1,75;x;neu\n"

// TestCodeExampleOfTheWizardImportsTheSame runs the curl line of each step
// in a shell, and sends what curl would.
func TestCodeExampleOfTheWizardImportsTheSame(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		for _, in := range []field.Input{{Field: "height", Name: "Height", Type: field.Numerical}, {Field: "birthday", Name: "Birthday", Type: field.Date}} {
			if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
				t.Fatal(err)
			}
		}
		key := a.Key(t, communityID)
		body, kind := apptest.Form(t, `the "new"; ones.csv`, []byte(germanFile), nil)
		staged := olivia.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
		draft := staged.header.Get("Location")
		olivia.follow(draft+"/reading", url.Values{"encoding": {"utf-8"}, "delimiter": {";"}})
		check := olivia.follow(draft+"/columns", url.Values{
			"column-0": {"first_name"}, "column-1": {"last_name"}, "column-2": {"username"}, "column-3": {"email"}, "column-4": {"birthday"},
			"column-5": {"height"}, "column-6": {"-"}, "column-7": {"tag"}, "mode": {"create"}, "dateFormat": {"DD/MM/YYYY"}, "decimal": {","}, "createTags": {"true"}, "notify": {"true"},
		})
		want := map[string]string{
			"communityId": communityID, "mode": "create", "encoding": "utf-8", "delimiter": ";", "dateFormat": "DD/MM/YYYY", "decimal": ",", "createTags": "true",
			"mapping": `{"Ann's Login":"username","E-Mail":"email","Egal":null,"Geburtstag":"birthday","Größe":"height","Nachname":"last_name","Vorname":"first_name"}`,
		}
		planned := check[strings.LastIndex(check, "/")+1:]
		a.Await(t, communityID, planned)
		for _, step := range []string{draft, check, olivia.follow(check+"/apply", nil)} {
			fields, file := olivia.curlForm(step)
			dry := fields["dryRun"]
			if delete(fields, "dryRun"); cmp.Diff(want, fields) != "" || file != `data=@"the \"new\"; ones.csv"` {
				t.Errorf("%s: file %s, %s", step, file, cmp.Diff(want, fields))
			}
			if dry != "" {
				fields["dryRun"] = dry
			}
			status, answer := a.Upload(t, "/v1/users/bulk-import", key, "new.csv", []byte(germanFile), fields)
			if status != http.StatusOK {
				t.Errorf("%s: %d %v", step, status, answer)
			}
		}
	})
}

var curlLine = regexp.MustCompile(`curl -H [^<]*`)

// curlForm is what a shell makes of the curl line on a page: the form's
// texts, and the file.
func (p person) curlForm(path string) (fields map[string]string, file string) {
	p.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		p.Skip(err)
	}
	line := html.UnescapeString(curlLine.FindString(p.get(path).text))
	words, err := exec.CommandContext(p.Context(), shell, "-c", `curl() { printf '%s\0' "$@"; }`+"\n"+line).Output() //nolint:gosec // our own page
	if err != nil {
		p.Fatalf("%s: %v in %s", path, err, line)
	}
	fields = map[string]string{}
	for pair := range slices.Chunk(strings.Split(string(words), "\x00"), 2) {
		switch name, value, _ := strings.Cut(pair[len(pair)-1], "="); {
		case pair[0] == "-F" && name == "data":
			file = pair[1]
		case pair[0] == "-F" && strings.Contains(value, ";"):
			p.Errorf("curl cuts %s at the semicolon", pair[1])
		case pair[0] == "-F" || pair[0] == "--form-string":
			fields[name] = value
		}
	}
	return fields, file
}
