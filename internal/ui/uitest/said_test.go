package uitest_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// refused is something that a person does and the console does not take, with
// the sentences that say why.
type refused struct {
	name, path string
	form       url.Values // nil: the page is only asked for
	status     int
	says       []string
}

var inGerman = map[string]string{"Accept-Language": "de", "Content-Type": "application/x-www-form-urlencoded"}

// TestErrorsAreSentencesInTheLanguageOfTheReader does what is refused, of
// every feature something, for a person who reads German.
func TestErrorsAreSentencesInTheLanguageOfTheReader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		fld := func(in field.Input) string {
			made, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in)
			if err != nil {
				t.Fatal(err)
			}
			return made.ID
		}
		fld(field.Input{Field: "bib", Name: "Startnummer", Type: field.SingleLine, Identifier: true})
		town := fld(field.Input{Field: "town", Name: "Ort", Type: field.SingleLine})
		key := a.Key(t, communityID)
		a.Import(t, communityID, key, "Email,Username,First Name,Last Name,bib,town\nada@example.com,ada,Ada,L,7,Ulm\nbob@example.com,bob,Bob,B,8,12\n", nil)
		ada, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		job := a.Import(t, communityID, key, "Email,Username,First Name,Last Name\neve@example.com,eve,Eve,E\n", nil)
		undo, err := a.Bulk.Undo(t.Context(), apptest.Operator, communityID, job.JobID, "")
		if err != nil {
			t.Fatal(err)
		}
		a.Await(t, communityID, undo.JobID)
		values, undone := "/members/"+ada.ID+"/values", "/bulk-jobs/"+job.JobID
		for _, row := range []refused{
			{"a field with a name that is taken", "/fields", url.Values{"name": {"Mail"}, "field": {"email"}, "type": {"numerical"}}, 400, []string{`"email" ist der Name eines Standardfelds.`}},
			{"options that are none", "/fields", url.Values{"name": {"Farbe"}, "type": {"select"}, "options": {"rot\nRot"}}, 400, []string{`Die Option "Rot" ist doppelt vorhanden.`}},
			{"a type that values do not fit", "/fields/" + town, url.Values{"name": {"Ort"}, "type": {"numerical"}}, 409, []string{"1 von 2 Werten in Ort passen nicht in ein Feld der Art Zahl;", "ada@example.com (" + ada.ID + `): "Ulm". Bitte eine einfache Zahl`}},
			{"a default field without a value", values, url.Values{"field": {"first_name"}, "value": {""}}, 400, []string{"Vorname ist ein Pflichtfeld und kann nicht geleert werden."}},
			{"a default field that is too long", values, url.Values{"field": {"last_name"}, "value": {strings.Repeat("x", 51)}}, 400, []string{"Nachname hat höchstens 50 Zeichen."}},
			{"an identifier that is taken", values, url.Values{"field": {"bib"}, "value": {"8"}}, 409, []string{"Startnummer gehört schon einem anderen Mitglied."}},
			{"a filter without a date", "/members?f=min+join_date+morgen", nil, 200, []string{"Beigetreten: Bitte das Datum als DD/MM/YYYY oder YYYY-MM-DD schreiben."}},
			{"a filter without an order", "/members?f=min+country+DE", nil, 200, []string{"Land: Land hat keine Reihenfolge: bitte nach einem einzelnen Wert fragen."}},
			{"a label that nobody has", "/members/actions", url.Values{"user": {ada.ID}, "action": {"add"}, "label": {"vip"}}, 400, []string{`Es gibt weder Rolle noch Schlagwort "vip"; Groß- und Kleinschreibung zählt.`}},
			{"an invite for too many", "/invites", url.Values{"maxUses": {"-1"}, "days": {"7"}}, 400, []string{"Eine Einladung gilt 1- bis 1.000.000-mal, oder beliebig oft mit 0."}},
			{"a penalty without a reason", "/penalties", url.Values{"user": {"ada"}, "kind": {"warn"}}, 400, []string{"Ein Grund hat 1 bis 500 Zeichen."}},
			{"a channel of a strange page", "/channels", url.Values{"topic": {"Tafel"}, "channelType": {"iframe"}, "url": {"https://evil.example/x"}}, 400, []string{"Seiten von https://evil.example dürfen hier nicht gezeigt werden."}},
			{"a slow mode that is no number", "/channels", url.Values{"topic": {"Halle"}, "channelType": {"open"}, "slowMode": {"oft"}}, 400, []string{"Der langsame Modus beträgt 0 (aus) bis 21.600 Sekunden."}},
			{"languages that are none", "/settings/languages", url.Values{"languages": {"!"}}, 400, []string{"Sprachen sind 1 bis 20 BCP-47-Kürzel"}},
			{"a time to edit that is no number", "/settings/messages", url.Values{"editWindow": {"bald"}, "erasureOfMessages": {"delete"}}, 400, []string{"Die Zeit zum Bearbeiten einer Nachricht beträgt 0 (unbegrenzt) bis 31.536.000 Sekunden."}},
			{"a word that is too long", "/settings/words", url.Values{"bannedWords": {strings.Repeat("x", 101)}}, 400, []string{"Eine Liste hat höchstens 1.000 Wörter"}},
			{"a job that is undone", undone + "/undo", url.Values{}, 409, []string{"Der Vorgang ist zurückgenommen und kann nicht zurückgenommen werden."}},
		} {
			olivia.seesRefusal(home, row)
		}
	})
}

// seesRefusal does what is refused and looks for the sentences.
func (p person) seesRefusal(home string, row refused) {
	p.Helper()
	method, body := http.MethodPost, strings.NewReader(row.form.Encode())
	if row.form == nil {
		method = http.MethodGet
	}
	got := p.send(method, home+row.path, body, inGerman)
	text := html.UnescapeString(got.text)
	for _, sentence := range row.says {
		if got.status != row.status || !strings.Contains(text, sentence) {
			p.Errorf("%s: %d, want %d %q in %q", row.name, got.status, row.status, sentence, errorsOf(text))
		}
	}
}

var shownError = regexp.MustCompile(`(?s)class="(?:error|notice[^"]*)".*?</(?:p|div)>`)

// errorsOf are the pieces of a page that say what is wrong.
func errorsOf(text string) []string { return shownError.FindAllString(text, -1) }

func TestErrorsOfFilesAndRowsAreInTheLanguageOfTheReader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		part, err := parts.CreateFormFile("data", "members.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte("%PDF-1.7\n")) // a buffer takes it
		if err := parts.Close(); err != nil {
			t.Fatal(err)
		}
		header := map[string]string{"Accept-Language": "de", "Content-Type": parts.FormDataContentType()}
		got := olivia.send(http.MethodPost, home+"/import/files", &form, header)
		if want := "Die Datei ist ein PDF-Dokument, keine Tabelle; bitte CSV, XLSX oder ODS senden."; got.status != 415 || !strings.Contains(got.text, want) {
			t.Errorf("%d %q", got.status, errorsOf(got.text))
		}

		csv := "Email,Username,First Name,Last Name,Role,Tag\nada@example.com,ada,,L,,\nbob@example.com,bob,Bob,B,chef,\neve@example.com,eve,Eve,E,,neu\nmia@example.com,mia,Mia," + strings.Repeat("x", 51) + ",,\n"
		job := a.Import(t, communityID, a.Key(t, communityID), csv, nil)
		page := olivia.send(http.MethodGet, home+"/bulk-jobs/"+job.JobID+"?outcome=failed", http.NoBody, inGerman).text
		text := html.UnescapeString(regexp.MustCompile(`aria-label="[^"]*"`).ReplaceAllString(page, ""))
		for _, want := range []string{
			"Für ein neues Mitglied fehlt noch: Vorname.", `Es gibt keine Rolle "chef"; Groß- und Kleinschreibung zählt.`, "Nachname hat höchstens 50 Zeichen.",
			`Es gibt kein Schlagwort "neu". Groß- und Kleinschreibung zählt.`,
		} {
			if strings.Count(text, want) != 2 { // among the problems, and in its row
				t.Errorf("%q is there %d times", want, strings.Count(text, want))
			}
		}
		failed := olivia.send(http.MethodGet, home+"/bulk-jobs/"+job.JobID+"/failed.csv", http.NoBody, inGerman).text
		for _, want := range []string{"A new member needs First Name.", "There is no role ", "Last Name has at most 50 characters."} {
			if !strings.Contains(failed, want) {
				t.Errorf("the file of failed rows does not say %q: %s", want, failed)
			}
		}
	})
}
