package console

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/web"
)

// fixtureWords is the language of the fixtures, English if zero.
var fixtureWords i18n.Printer

var seenAt = time.Date(2026, 4, 7, 9, 30, 0, 0, time.UTC)

func ago(d time.Duration) int64 { return seenAt.Add(-d).UnixMilli() }

func fixturePage(title, nav, help string) Page {
	here := Community{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Harbour Runners", Accent: "#0f8a6d", Members: 12480}
	return Page{
		Title: title, Nav: nav, Help: help, Community: here, Others: []Community{here, {ID: "6a21d1c09f3b0c4d5e6f7a8c", Name: "Night Owls", Members: 1}},
		Person: Person{"ada.lovelace", "ada@example.com"}, Reader: Reader{Now: seenAt, Words: fixtureWords}, Address: "http://127.0.0.1:3333",
	}
}

func fixtureMembers() MembersView {
	rows := []MemberRow{
		{"6a21d1c09f3b0c4d5e6f7a01", "Ada Lovelace", "ada", "ada@example.com", true, []string{"Captain"}, []string{"founder", "marathon"}, ago(3 * time.Hour), map[string]string{"country": "United Kingdom"}, "", false},
		{"6a21d1c09f3b0c4d5e6f7a02", "Grace Hopper", "grace", "grace.hopper@navy.example", false, []string{"Coach", "Volunteer", "Pacer"}, []string{"marathon", "early bird", "trail"}, ago(26 * time.Hour), map[string]string{"country": "United States"}, "", true},
		{"6a21d1c09f3b0c4d5e6f7a03", "Nguyễn Thị Minh Khai", "minhkhai", "minh.khai@example.vn", false, nil, []string{"trail"}, ago(9 * 24 * time.Hour), map[string]string{"country": "Vietnam"}, "", false},
		{"6a21d1c09f3b0c4d5e6f7a04", "Łukasz Żółć", "lukasz", "lukasz@example.pl", false, nil, nil, ago(40 * 24 * time.Hour), nil, "", false},
		{"6a21d1c09f3b0c4d5e6f7a05", "Maximiliane Oberbichler-Stadelbauer", "maximiliane.oberbichler-stadelbauer", "maximiliane.oberbichler-stadelbauer@very-long-domain.example", false, []string{"Volunteer"}, nil, ago(90 * 24 * time.Hour), map[string]string{"country": "Austria"}, "", true},
	}
	for i := range 9 {
		m := rows[i%5]
		m.Owner = false
		rows = append(rows, m)
	}
	p := fixturePage("Members", "members", "")
	q := memberQuery(p.In("/members"), map[string][]string{"tag": {"t1"}, "role": {"r1"}})
	return MembersView{
		Page: p, Query: q, Rows: rows, Range: newRange(2, 20, 14, 12480, false, q.onPage), Columns: memberColumns(p, []field.Field{{Field: "shirt-size", Name: "Shirt size"}}),
		Role: "Captain", Tag: "marathon", HasRoles: true, HasTags: true, MayInvite: true,
	}
}

func fixtureProfile() ProfileView {
	return ProfileView{
		Page: fixturePage("Grace Hopper", "members", ""), ID: "6a21d1c09f3b0c4d5e6f7a02", Name: "Grace Hopper", Username: "grace", Email: "grace.hopper@navy.example",
		Number: 1042, Roles: []string{"Coach"}, Tags: []string{"marathon", "trail"}, JoinedAt: ago(400 * 24 * time.Hour),
		Values: []Value{
			{Name: "First Name", Text: "Grace", Field: "first_name", Input: ValueInput{Type: "single-line-text", Text: "Grace", Required: true}},
			{Name: "Last Name", Text: "Hopper"},
			{Name: "Phone", Text: "+15550100", Field: "phone", Input: ValueInput{Type: "phone", Text: "+1", Error: "Write the number as + and 7 to 15 digits, country code first."}},
			{Name: "Country", Text: "United States"},
			{Name: "Language"},
			{Name: "Shirt size", Text: "M", Field: "shirt", Input: ValueInput{Type: "select", Options: []string{"S", "M"}, Chosen: map[string]bool{"M": true}}},
			{Name: "Website", Text: "https://example.com/grace", Link: "https://example.com/grace"},
		},
		Fields: []Choice{{"", "All fields"}, {"shirt", "Shirt size"}}, Sources: []Choice{{"", "Everywhere"}, {"import", "Imports"}},
		History: []HistoryView{
			{ID: "1", Field: "Shirt size", Old: "S", New: "M", At: ago(2 * time.Minute), By: "ada.lovelace", From: "Import spring-2026.csv", FromLink: "/c/x/api-log/y", CanRevert: true},
			{ID: "2", Field: "Phone", New: "+15550100", At: ago(30 * time.Hour), By: "Nightly import", From: "Import crm-export.csv", FromLink: "/c/x/api-log/y", CanRevert: true},
			{ID: "3", Field: "Website", Old: "https://example.com/old-and-rather-long-address-of-a-page", New: "https://example.com/grace", At: ago(60 * 24 * time.Hour), By: "grace", From: "API", Backdated: true, Recorded: ago(time.Hour), CanRevert: true},
			{ID: "4", Field: "Country", New: "United States", At: ago(400 * 24 * time.Hour), From: "At the beginning", First: true},
		},
		Older: "?cursor=x",
	}
}

func fixtureUnclaimed(invited time.Duration) ProfileView {
	v := fixtureProfile()
	v.Unclaimed, v.MayInvite, v.InvitedAt = true, true, ago(invited)
	v.InvitableFrom = member.InvitableFrom(v.InvitedAt)
	return v
}

func fixtureJob(status string, dry bool) JobView {
	j := JobView{
		ID: "6a21d1c09f3b0c4d5e6f7b01", Type: "import", Status: status, FileName: "spring-2026.csv", DryRun: dry, Detected: "CSV, UTF-8, comma",
		Counts: Counts{Read: 12480, Created: 9811, Updated: 1204, Unchanged: 1402, Skipped: 21, Failed: 42}, By: "ada.lovelace",
		CreatedAt: ago(3 * time.Minute), StartedAt: ago(3 * time.Minute), FinishedAt: ago(2*time.Minute + 51*time.Second),
	}
	if status == "running" {
		percent, left := 62.4, 38*time.Second
		j.Percent, j.Left, j.RowsPerSecond, j.FinishedAt = &percent, &left, 21400, 0
	}
	if !dry {
		j.PlanJob = "6a21d1c09f3b0c4d5e6f7b00"
	}
	return j
}

func fixtureRows(j JobView) RowsView {
	return RowsView{
		Job: j, Base: "/c/x/api-log/y", Next: "?cursor=x",
		Rows: []RowView{
			{Line: 2, Person: "ada@example.com", Outcome: "unchanged", Note: "Everything is like that already"},
			{Line: 3, Person: "grace.hopper@navy.example", Outcome: "updated", Changes: []Change{{"Shirt size", "S", "M"}, {"Tag", "marathon", "marathon, trail"}, {"Phone", "+15550100", ""}}},
			{Line: 4, Person: "minh.khai@example.vn", Outcome: "created", Changes: []Change{{"First Name", "", "Minh Khai"}, {"Last Name", "", "Nguyễn Thị"}, {"Country", "", "VN"}}},
			{Line: 5, Person: "not-an-address", Outcome: "failed", Errors: []RowError{{"Email", "This is not an email address.", "not-an-address"}, {"Country", "No country is called that.", "Atlantis"}}},
			{Line: 6, Person: "", Outcome: "skipped", Note: "An empty row"},
		},
		Problems: []ProblemView{
			{"Email", "This is not an email address.", 31, 5, "?outcome=failed"},
			{"Country", "No country is called that.", 11, 5, "?outcome=failed"},
		},
	}
}

func fixtureImport(step int) ImportView {
	draft := DraftView{
		ID: "6a21d1c09f3b0c4d5e6f7c01", FileName: "spring-2026.csv", Size: 1_482_113, Text: true, ExpiresAt: seenAt.Add(20 * time.Hour).UnixMilli(),
		Detected: []Choice{{"Kind", "CSV"}, {"Encoding", "UTF-8"}, {"Cells are divided by", "Semicolon"}, {"Columns", "7"}},
		Columns: []ColumnView{
			{0, "E-Mail", []string{"ada@example.com", "grace.hopper@navy.example"}, "email", true, "", true, "Text on one line"},
			{1, "Vorname", []string{"Ada", "Grace"}, "first_name", true, "", true, "Text on one line"},
			{2, "Last Name", []string{"Lovelace", "Hopper"}, "last_name", false, "", false, "Text on one line"},
			{3, "login", []string{"ada", "grace"}, "username", true, "", true, "Text on one line"},
			{4, "Shirt", []string{"M", "S"}, "", false, "No field is called Shirt. Choose one, or leave the column out.", true, "Text on one line"},
			{5, "internal id", nil, ignored, false, "", false, "Text on one line"},
			{6, "Tag", []string{"marathon, a rather long list of tags, that goes on", "trail"}, "tag", false, "", false, "Text on one line"},
		},
		Fields: []FieldChoice{
			{"first_name", "First Name", true, true},
			{"last_name", "Last Name", true, true},
			{"username", "Username", true, true},
			{"email", "Email", true, true},
			{"tag", "Tag", false, true},
			{"6a21d1c09f3b0c4d5e6f7d01", "Shirt size", false, false},
		},
		Missing: []string{"Last Name"}, JobID: "6a21d1c09f3b0c4d5e6f7b00",
	}
	v := ImportView{Page: fixturePage("Import members", "import", "From a CSV or Excel file, in four steps."), Step: step, Draft: draft}
	switch step {
	case 1:
		v.Unfinished, v.Draft = draft, DraftView{}
	case 3:
		v.Job = fixtureJob("completed_with_errors", true)
		v.Rows = fixtureRows(v.Job)
	case 4:
		v.Job = fixtureJob("running", false)
		v.Rows = RowsView{Job: v.Job, Base: "/c/x/api-log/y"}
	}
	return v
}

func fixtureLog() LogView {
	p := fixturePage("API log", "api-log", "Every import, dry run, update and undo, whoever started it.")
	undone := fixtureJob("undone", false)
	failed := fixtureJob("failed", false)
	failed.FileName, failed.Counts, failed.By = "broken.xlsx", Counts{Read: 12, Created: 10, Failed: 2}, "Nightly import"
	return LogView{
		Page: p, Jobs: []JobView{fixtureJob("running", false), fixtureJob("completed_with_errors", false), fixtureJob("completed", true), undone, failed},
		Range: Range{First: 1, Last: 5, Total: 5}, Status: "failed", Here: p.In("/api-log"),
	}
}

func fixtureFields() FieldsView {
	return FieldsView{
		Page:    fixturePage("Fields", "fields", "What this community knows of its members."),
		Own:     []FieldRow{{"1", "shirt-size", "Shirt size", "select", "For the finisher shirts", []string{"XS", "S", "M", "L", "XL"}, false, false, true, FieldWork{}}, {"2", "bib", "Bib number", "numerical", "", nil, true, true, false, FieldWork{"Converting the values", true, 1_200, 300_000}}},
		Default: []FieldRow{{"first_name", "first_name", "First Name", "single-line-text", "", nil, true, false, true, FieldWork{}}, {"email", "email", "Email", "email", "", nil, true, true, true, FieldWork{}}, {"role", "role", "Role", "role", "", nil, false, false, true, FieldWork{}}},
	}
}

func fixtureKeys() KeysView {
	return KeysView{
		Page: fixturePage("API keys", "api-keys", "What programs may do in this community."),
		Keys: []KeyRow{
			{"6a21d1c09f3b0c4d5e6f7e01", "Nightly import", "9f3b", "ada", []string{"bulkUpdateUser", "getUserData", "userFields", "roles"}, ago(5 * time.Minute), 0, 0, false, false, ""},
			{"6a21d1c09f3b0c4d5e6f7e03", "Shop", "1c4b", "ada", []string{"signIn"}, ago(9 * 24 * time.Hour), ago(-90 * 24 * time.Hour), ago(3 * time.Hour), false, true, ""},
			{"6a21d1c09f3b0c4d5e6f7e02", "Old newsletter", "77aa", "ada", []string{"*"}, ago(900 * 24 * time.Hour), ago(24 * time.Hour), ago(50 * time.Hour), true, false, ""},
			{"6a21d1c09f3b0c4d5e6f7e04", "Till", "20c5", "bob", []string{"createUser"}, ago(40 * 24 * time.Hour), 0, ago(2 * time.Hour), false, false, "key_maker_gone"},
		},
		NewName: "Nightly import", NewKey: "5b0c9e2f7a1d4c8e9f3b0a6d2e7c1b4f5b0c9e2f7a1d4c8e9f3b0a6d2e7c1b4f",
	}
}

// fixtures are all pages with something on them, and the empty ones.
func fixtures() map[string]templ.Component {
	door := Page{Title: "Sign in", Reader: Reader{Now: seenAt, Words: fixtureWords}}
	withAlert := door
	withAlert.Alert = Alert{Message: "The email address, username or password is wrong.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	toast := fixturePage("Appearance", "settings", "How the community looks, and its id.")
	toast.Toast = "Saved"
	job := fixtureJob("completed_with_errors", false)
	done := fixtureImport(4)
	done.Job = job
	done.Rows = fixtureRows(job)
	home := door
	home.Title, home.Help, home.Person = "Communities", "Where do you want to go?", Person{"ada", "ada@example.com"}
	emptyLog := fixturePage("API log", "api-log", "")
	return map[string]templ.Component{
		"sign-in":       SignInPage(SignInView{Page: door}),
		"sign-in-wrong": SignInPage(SignInView{Page: withAlert, Login: "ada"}),
		"sign-in-setup": SignInPage(SignInView{Page: door, Setup: true}),
		"setup":         SetupPage(SetupView{Page: door, Token: "x", Errors: map[string]string{"password": "This password is among the most common ones."}}),
		"link":          LinkPage(LinkView{Page: door, Token: "x"}),
		"link-gone":     LinkPage(LinkView{Page: door, Gone: true}),
		"home":          HomePage(HomeView{Page: home, Choices: fixturePage("", "", "").Others, MayCreate: true}),
		"members":       MembersPage(fixtureMembers()),
		"members-empty": MembersPage(MembersView{Page: fixturePage("Members", "members", ""), NobodyYet: true}),
		"members-none":  MembersPage(MembersView{Page: fixturePage("Members", "members", ""), Query: MemberQuery{Search: "zzz", Page: 1}}),
		"members-refused": RefusedPage(RefusedView{Page: fixturePage("Not everybody was changed", "members", ""), Changed: 12, Back: "/", Refused: []RefusedMember{
			{"6a21d1c09f3b0c4d5e6f7a01", "ada", "You can only manage members ranked below you. Ask someone with a higher role."}, {"6a21d1c09f3b0c4d5e6f7a02", "", "There is no such user."},
		}}),
		"profile":           ProfilePage(fixtureProfile()),
		"profile-unclaimed": ProfilePage(fixtureUnclaimed(26 * time.Hour)),
		"profile-invited":   ProfilePage(fixtureUnclaimed(3 * time.Hour)),
		"members-invited": RefusedPage(RefusedView{Page: fixturePage("Not every member was invited", "members", ""), Invited: true, Changed: 2, Back: "/", Refused: []RefusedMember{
			{"6a21d1c09f3b0c4d5e6f7a02", "grace", "This member was invited in the last 24 hours. Invite them again tomorrow."}, {"6a21d1c09f3b0c4d5e6f7a01", "", "There is no such user."},
		}}),
		"import-file":    ImportPage(fixtureImport(1)),
		"import-columns": ImportPage(fixtureImport(2)),
		"import-check":   ImportPage(fixtureImport(3)),
		"import-run":     ImportPage(fixtureImport(4)),
		"import-done":    ImportPage(done),
		"api-log":        LogPage(fixtureLog()),
		"api-log-empty":  LogPage(LogView{Page: emptyLog}),
		"job":            JobPage(JobPageView{Page: fixturePage("spring-2026.csv", "api-log", ""), Job: job, Rows: fixtureRows(job)}),
		"fields":         FieldsPage(fixtureFields()),
		"fields-empty":   FieldsPage(FieldsView{Page: fixturePage("Fields", "fields", ""), Default: fixtureFields().Default}),
		"field-new":      FieldFormPage(FieldFormView{Page: fixturePage("New field", "fields", ""), Errors: map[string]string{"name": "A field has a name."}}),
		"field-edit": FieldFormPage(FieldFormView{
			Page: fixturePage("Shirt size", "fields", ""), ID: "1", Was: "Shirt size", Name: "Shirt size", Field: "shirt-size", Type: "select", Options: "XS\nS\nL", Have: 1_204, Filterable: true,
			Going: []GoingOption{{"M", "S", []Choice{{"", "Nothing"}, {"XS", "XS"}, {"S", "S"}, {"L", "L"}}}}, Work: FieldWork{"Converting the values", true, 1_200, 300_000},
		}),
		"api-keys":       KeysPage(fixtureKeys()),
		"api-keys-empty": KeysPage(KeysView{Page: fixturePage("API keys", "api-keys", "What programs may do in this community.")}),
		"api-key-new":    NewKeyPage(NewKeyView{Page: fixturePage("New API key", "api-keys", "")}),
		"appearance":     AppearancePage(AppearanceView{Page: toast, Name: "Harbour Runners", Accent: "#0f8a6d", Zone: "Europe/Berlin", Zones: zones}),
		"problem":        ProblemPage(Page{Title: "This page is not here", Alert: Alert{Message: "The address is wrong, or what stood here is gone.", RequestID: "6a21d1c0"}}, "/", "All communities"),
	}
}

// gallery serves every page under its name, with the headers of the console.
func gallery(t *testing.T, pages map[string]templ.Component) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET "+web.Prefix, web.Handler())
	mux.HandleFunc("GET /accent/{file}", serveAccent)
	for name, page := range pages {
		mux.Handle("GET /"+name, templ.Handler(page))
	}
	server := httptest.NewServer(withPolicy(mux))
	t.Cleanup(server.Close)
	return server.URL
}

func TestEveryPageIsAccessibleAndKeepsThePolicy(t *testing.T) { checkGallery(t, fixtures()) }

// checkGallery looks at every page in every way.
func checkGallery(t *testing.T, pages map[string]templ.Component) {
	t.Helper()
	ctx, ok := Tab(t)
	if !ok {
		return
	}
	address := gallery(t, pages)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if err := chromedp.Run(ctx, looks[0].put(), chromedp.Navigate(address+"/"+name), chromedp.WaitReady("#main")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, l := range looks {
			CheckPage(t, ctx, name, l)
		}
	}
}
