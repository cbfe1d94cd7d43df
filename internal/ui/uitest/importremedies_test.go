package uitest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// sendForm posts the form of a page at an address, with its hidden fields and values.
func (p person) sendForm(text, action string, values url.Values) string {
	p.Helper()
	at := strings.Index(text, `action="`+action+`"`)
	if at < 0 {
		p.Fatalf("no form %s in %.300s", action, text)
	}
	form, _, _ := strings.Cut(text[at:], "</form>")
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		if !values.Has(m[1]) {
			values.Set(m[1], m[2])
		}
	}
	return p.follow(action, values)
}

const remedyFile = "Email,Username,First Name,Last Name,Tag,Level,Score,Born,Phone,Country\n" +
	"a@example.com,aaa,A,B,gold,Gold,\"1,250\",07/04/2020,030 901820,Preussen\n" +
	"b@example.com,bbb,A,B,silver,none,1,,,\n"

func TestRemediesOfACheckCorrectItsErrors(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		for _, in := range []field.Input{
			{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Pro", "Free"}},
			{Field: "score", Name: "Score", Type: field.Numerical},
			{Field: "born", Name: "Born", Type: field.Date},
		} {
			if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
				t.Fatal(err)
			}
		}
		draft := olivia.stageFile(communityID, "spring.csv", remedyFile)
		check := olivia.awaitJob(communityID, olivia.follow(draft+"/columns", nil))
		again := func(values url.Values) {
			t.Helper()
			check = olivia.awaitJob(communityID, olivia.sendForm(olivia.body(check), draft+"/remedy", values))
		}
		for _, step := range []struct{ option, value, code string }{
			{"decimal", ",", "number_ambiguous"}, {"dateFormat", "DD/MM/YYYY", "invalid_date"}, {"defaultCountry", "DE", "invalid_phone"}, {"createTags", "true", "unknown_tag"},
		} {
			text := olivia.body(check)
			if !strings.Contains(text, `name="`+step.option+`"`) {
				t.Fatalf("no remedy %s: %s", step.option, text)
			}
			again(url.Values{step.option: {step.value}})
			if step.option != "decimal" && strings.Contains(olivia.body(check), "code="+step.code) { // a number behind the comma has three digits
				t.Errorf("%s did not correct %s", step.option, step.code)
			}
		}
		for _, column := range []struct {
			header string
			values url.Values
		}{
			{"Country", url.Values{"to-0": {"Germany"}}},
			{"Level", url.Values{"to-0": {"Pro"}, "to-1": {"-"}}},
		} {
			form := olivia.linkIn(olivia.body(check), `href="([^"]*/values[?]column=`+column.header+`&[^"]*)"`)
			text := olivia.body(form)
			check = olivia.awaitJob(communityID, olivia.sendForm(text, draft+"/values", column.values))
		}
		text := olivia.body(check)
		if !strings.Contains(text, "2 members would be created.") {
			t.Fatalf("after all remedies: %.300s", text)
		}
		if columns := olivia.body(draft); !strings.Contains(columns, "2 values mapped") || !strings.Contains(columns, "1 value mapped") {
			t.Errorf("columns: %.300s", columns)
		}
		done := a.Await(t, communityID, olivia.jobOf(olivia.follow(check+"/apply", nil)))
		if done.Counts.Created != 2 {
			t.Errorf("%+v", done.Counts)
		}
	})
}

// jobOf returns the job in an address of the wizard.
func (p person) jobOf(address string) string { return address[strings.LastIndex(address, "/")+1:] }

func TestRejectedRemediesNameTheReason(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.stageFile(communityID, "spring.csv", "Email,Username,First Name,Last Name,Country,Notes\na@example.com,aaa,A,B,Preussen,x\n")
		check := olivia.awaitJob(communityID, olivia.follow(draft+"/columns", url.Values{"column-5": {"-"}}))
		for _, test := range []struct {
			path   string
			form   url.Values
			status int
			want   string
		}{
			{"/remedy", url.Values{"defaultCountry": {"XX"}, "job": {olivia.jobOf(check)}}, http.StatusBadRequest, check + `"`},
			{"/remedy", url.Values{"decimal": {"'"}}, http.StatusBadRequest, "Use a point or a comma."},
			{"/remedy", url.Values{"decimal": {","}, "version": {"1"}}, http.StatusConflict, "changed in another window"},
			{"/values", url.Values{"column": {"Country"}, "from-0": {"Preussen"}, "to-0": {"Nowhere"}}, http.StatusBadRequest, "This is no value of the field."},
			{"/values", url.Values{"column": {"Nope"}}, http.StatusNotFound, "The file has no column"},
			{"/values", url.Values{"column": {"Email"}}, http.StatusBadRequest, "can have any value"},
		} {
			if got := olivia.post(draft+test.path, test.form); got.status != test.status || !strings.Contains(got.text, test.want) {
				t.Errorf("%s %v: %d %.300s", test.path, test.form, got.status, got.text)
			}
		}
		if saved := olivia.follow(draft+"/values", url.Values{"column": {"Country"}, "from-0": {"Preussen"}, "to-0": {"DE"}}); saved != draft {
			t.Errorf("values without a check lead to %s", saved)
		}
		if again := olivia.get(draft + "/remedy"); again.status != http.StatusSeeOther || again.header.Get("Location") != draft {
			t.Errorf("a reload of a form: %d", again.status)
		}
		_, mallory := a.Owner(t, a.Community(t), "mallory")
		if got := (person{t, a, mallory}).post(draft+"/remedy", url.Values{"decimal": {","}}); got.status != http.StatusNotFound && got.status != http.StatusForbidden {
			t.Errorf("a stranger's remedy: %d", got.status)
		}
	})
}

func TestChecksWithoutADraftNameTheOptions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		done := a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name,Tag,Country\na@example.com,aaa,A,B,gold,Nowhere\n", map[string]string{"dryRun": "true"})
		text := olivia.body("/c/" + communityID + "/bulk-jobs/" + done.JobID)
		for _, want := range []string{"Use createTags=true in the API or --create-tags on the command line to create them.", "Use values in the API or --values on the command line to read such values."} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %.300s", want, text)
			}
		}
		if strings.Contains(text, "/remedy") {
			t.Error("a job without a draft has remedies")
		}
	})
}

func TestCellsAreCorrectedOnThePageOfTheCheck(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.stageFile(communityID, "spring.csv", "Email,Username,First Name,Last Name,Phone\na@example.com,aaa,A,B,call\nnowhere,bbb,A,B,none\n")
		check := olivia.awaitJob(communityID, olivia.follow(draft+"/columns", nil))
		first := olivia.body(check)
		rows := url.Values{"cell-2-4": {"+49 30 901820"}, "was-2-4": {"call"}, "cell-3-0": {"nowhere"}, "was-3-0": {"nowhere"}, "cell-3-4": {""}, "was-3-4": {"none"}}
		if !strings.Contains(first, `name="cell-3-0" value="nowhere"`) || !strings.Contains(first, `name="cell-2-4" value="call"`) {
			t.Fatalf("no inputs: %.300s", first)
		}
		if back := olivia.sendForm(first, draft+"/corrections", rows); back != check+"#rows" {
			t.Errorf("saved corrections lead to %s", back)
		}
		saved := olivia.body(check)
		if !strings.Contains(saved, "2 corrections are saved for the next check.") || !strings.Contains(saved, `name="cell-2-4" value="+49 30 901820"`) {
			t.Errorf("saved corrections are not shown: %.300s", saved)
		}
		again := url.Values{"check": {"true"}, "cell-3-0": {"b@example.com"}, "was-3-0": {"nowhere"}}
		next := olivia.sendForm(saved, draft+"/corrections", again)
		if next == check {
			t.Fatal("the file was not checked again")
		}
		if twice := olivia.follow(draft+"/corrections", again); twice != next {
			t.Errorf("a form that is sent twice leads to %s, not to %s", twice, next)
		}
		if text := olivia.body(olivia.awaitJob(communityID, next)); !strings.Contains(text, "2 members would be created.") {
			t.Errorf("after the corrections: %.300s", text)
		}
		done := a.Await(t, communityID, olivia.jobOf(olivia.follow(next+"/apply", nil)))
		if done.Counts.Created != 2 {
			t.Errorf("%+v", done.Counts)
		}
		for name, form := range map[string]url.Values{
			"a wrong place":    {"cell-x-1": {"a"}},
			"a long text":      {"cell-2-1": {strings.Repeat("x", 1_001)}},
			"an older version": {"cell-2-1": {"a"}, "version": {"1"}},
		} {
			if got := olivia.post(draft+"/corrections", form); got.status != http.StatusBadRequest && got.status != http.StatusConflict {
				t.Errorf("%s: %d", name, got.status)
			}
		}
	})
}
