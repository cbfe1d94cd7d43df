package uitest_test

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
)

const goodRows = `Email,Username,First Name,Last Name,bib,shirt
ada@example.com,ada,Ada,L,7,S
bob@example.com,bob,Bob,B,8,M
`

// badRows fail with every code that a new or changed member can have.
var badRows = strings.Join([]string{
	"Email,Username,First Name,Last Name,Role,Tag,Phone,Country,Language,bib,shirt,born,score,vip,site,",
	"n1@example.com,n1,,,,,,,,,,,,,,",
	"no-address,n2,A,B,,,,,,,,,,,,",
	"a@b@c,1,A,B,,,,,,,,,,,,",
	"@example.com,n!,A,B,,,,,,,,,,,,",
	"n3@nowhere,12345,A,B,,,,,,,,,,,,",
	"n4@example.com,n4,A,B,chef,,,,,,,,,,,",
	`n5@example.com,n5,A,B,,new,,,,,,,,,,`,
	"n6@example.com,n6," + strings.Repeat("x", 51) + ",B,,,12,Atlantis,Klingon,,XL,yesterday,1e5,perhaps,nowhere,",
	"n7@example.com,n7,A,B,,,,,,7,,,,,,",
	"n8@example.com,n8,A,B,,,,,,,,,,,,stray",
	"n9@example.com,n9,A,B,,,,,,,,,,,,,,more",
	"ada@example.com,bob,,,,,,,,,,,,,,",
	"ada@example.com,n10,,,,,,,,,,,,,,",
	"ada@example.com,,__CLEAR__,,,,,,,,,,,,,",
	"ada@example.com,,,,,,,,,8,,,,,,",
	"n11@example.com,n11,A,\"B,,,,,,,,,,,,",
}, "\n")

const badUpdates = `user_id,Email,bib,score,score_op
,nobody@example.com,,,
,,Z-9,,
,ada@example.com,,1,divide
,ada@example.com,,1,
,ada@example.com,,__CLEAR__,add
`

func TestErrorsOfRowsAreTranslatedWithTheirArguments(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		for _, in := range []field.Input{
			{Field: "bib", Name: "Bib", Type: field.SingleLine, Identifier: true},
			{Field: "shirt", Name: "Shirt", Type: field.Select, Options: []string{"S", "M"}, Required: true},
			{Field: "born", Name: "Born", Type: field.Date},
			{Field: "score", Name: "Score", Type: field.Numerical},
			{Field: "vip", Name: "VIP", Type: field.Boolean},
			{Field: "site", Name: "Site", Type: field.URL},
		} {
			if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
				t.Fatal(err)
			}
		}
		key := a.Key(t, communityID)
		a.Import(t, communityID, key, goodRows, nil)
		imported := a.Import(t, communityID, key, badRows, nil)
		_, answer := a.Upload(t, "/v1/users/bulk-update", key, "updates.csv", []byte(badUpdates), nil)
		updated := a.Await(t, communityID, answer["data"].(map[string]any)["jobId"].(string))
		codes := map[string]bool{}
		for _, job := range []bulk.Status{imported, updated} {
			details, _, err := a.Bulk.Details(t.Context(), apptest.Operator, communityID, job.JobID, bulk.DetailFilter{Outcome: "failed", Limit: 25})
			if err != nil || job.Counts.Failed != int64(len(details)) {
				t.Fatalf("%d of %d rows: %v", len(details), job.Counts.Failed, err)
			}
			for _, tag := range i18n.Languages {
				text := olivia.pageIn(tag, "/c/"+communityID+"/bulk-jobs/"+job.JobID+"?outcome=failed")
				for _, d := range details {
					for _, e := range d.Errors {
						codes[e.Code] = true
						if english := strings.Contains(text, i18n.For(language.English).Sentence(e.Message)); english != (tag == language.English) {
							t.Errorf("%s: line %d, %s: the page says %q: %v", tag, d.Line, e.Code, e.Message.English, english)
						}
					}
				}
			}
		}
		for _, want := range strings.Fields(`required invalid_email invalid_username unknown_role unknown_tag too_long invalid_phone unknown_country
			unknown_language unknown_option invalid_date invalid_number invalid_boolean invalid_url identifier_taken value_without_header too_many_cells
			identity_conflict cannot_clear open_quote user_not_found unknown_operation missing_operation`) {
			if !codes[want] {
				t.Errorf("no row fails with %s", want)
			}
		}
	})
}

// pageIn is the text of a page in a language.
func (p person) pageIn(tag language.Tag, path string) string {
	p.Helper()
	got := p.send(http.MethodGet, path, http.NoBody, map[string]string{"Accept-Language": tag.String()})
	if got.status != http.StatusOK || langOf(got.text) != tag.String() {
		p.Fatalf("%s: %d in %s, want %s", path, got.status, langOf(got.text), tag)
	}
	return html.UnescapeString(got.text)
}
