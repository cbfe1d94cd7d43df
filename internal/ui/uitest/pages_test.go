package uitest_test

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
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
	uiaudit "github.com/regulars/regulars/internal/ui/audit"
	uibulk "github.com/regulars/regulars/internal/ui/bulk"
	uichannel "github.com/regulars/regulars/internal/ui/channel"
	"github.com/regulars/regulars/internal/ui/errorlist"
	uifield "github.com/regulars/regulars/internal/ui/field"
	uiguide "github.com/regulars/regulars/internal/ui/guide"
	uihome "github.com/regulars/regulars/internal/ui/home"
	uikey "github.com/regulars/regulars/internal/ui/key"
	uimember "github.com/regulars/regulars/internal/ui/member"
	uimoderation "github.com/regulars/regulars/internal/ui/moderation"
	uioverview "github.com/regulars/regulars/internal/ui/overview"
	uireport "github.com/regulars/regulars/internal/ui/report"
	uirole "github.com/regulars/regulars/internal/ui/role"
	uisettings "github.com/regulars/regulars/internal/ui/settings"
	uisignin "github.com/regulars/regulars/internal/ui/signin"
	uitag "github.com/regulars/regulars/internal/ui/tag"
)

// fixtureWords is the language of the fixtures, English if zero.
var fixtureWords i18n.Printer

var seenAt = time.Date(2026, 4, 7, 9, 30, 0, 0, time.UTC)

func ago(d time.Duration) int64 { return seenAt.Add(-d).UnixMilli() }

func fixturePage(title, nav, help string) ui.Page {
	here := ui.Community{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Harbour Runners", Accent: "#0f8a6d", Members: 12480}
	return ui.Page{
		Title: title, Nav: nav, Help: help, Community: here, Others: []ui.Community{here, {ID: "6a21d1c09f3b0c4d5e6f7a8c", Name: "Night Owls", Members: 1}},
		Person: ui.Person{Name: "ada.lovelace", Email: "ada@example.com"}, Reader: ui.Reader{Now: seenAt, Words: fixtureWords}, Address: "http://127.0.0.1:3333", Rail: rail(), Permissions: fixturePermissions(),
	}
}

// fixturePermissions are the permissions of the areas.
func fixturePermissions() ui.PermissionTexts { return ui.MergePermissions(communityAreas()) }

// rail is the navigation of a community.
func rail() (items []ui.NavItem) {
	for _, a := range communityAreas() {
		items = append(items, a.Nav...)
	}
	return items
}

func communityAreas() []ui.Area {
	return []ui.Area{
		uioverview.New(nil, uioverview.Services{}), uihome.New(nil, uihome.Services{}), uimember.New(nil, uimember.Services{}), uimoderation.New(nil, uimoderation.Services{}), uirole.New(nil, uirole.Services{}), uireport.New(nil, uireport.Services{}),
		uichannel.New(nil, uichannel.Services{}), uifield.New(nil, uifield.Services{}), uitag.New(nil, uitag.Services{}), uibulk.New(nil, uibulk.Services{}), uikey.New(nil, uikey.Services{}),
		uiaudit.New(nil, uiaudit.Services{}), uisettings.New(nil, uisettings.Services{}), uiguide.New(nil, nil),
	}
}

func fixtureMembers() uimember.MembersView {
	rows := []uimember.MemberRow{
		{ID: "6a21d1c09f3b0c4d5e6f7a01", Name: "Ada Lovelace", Username: "ada", Email: "ada@example.com", Owner: true, Roles: []string{"Captain"}, Tags: []string{"founder", "marathon"}, JoinedAt: ago(3 * time.Hour), Texts: map[string]string{"country": "United Kingdom"}, Picture: "", Unclaimed: false},
		{ID: "6a21d1c09f3b0c4d5e6f7a02", Name: "Grace Hopper", Username: "grace", Email: "grace.hopper@navy.example", Owner: false, Roles: []string{"Coach", "Volunteer", "Pacer"}, Tags: []string{"marathon", "early bird", "trail"}, JoinedAt: ago(26 * time.Hour), Texts: map[string]string{"country": "United States"}, Picture: "", Unclaimed: true},
		{ID: "6a21d1c09f3b0c4d5e6f7a03", Name: "Nguyễn Thị Minh Khai", Username: "minhkhai", Email: "minh.khai@example.vn", Owner: false, Roles: nil, Tags: []string{"trail"}, JoinedAt: ago(9 * 24 * time.Hour), Texts: map[string]string{"country": "Vietnam"}, Picture: "", Unclaimed: false},
		{ID: "6a21d1c09f3b0c4d5e6f7a04", Name: "Łukasz Żółć", Username: "lukasz", Email: "lukasz@example.pl", Owner: false, Roles: nil, Tags: nil, JoinedAt: ago(40 * 24 * time.Hour), Texts: nil, Picture: "", Unclaimed: false},
		{ID: "6a21d1c09f3b0c4d5e6f7a05", Name: "Maximiliane Oberbichler-Stadelbauer", Username: "maximiliane.oberbichler-stadelbauer", Email: "maximiliane.oberbichler-stadelbauer@very-long-domain.example", Owner: false, Roles: []string{"Volunteer"}, Tags: nil, JoinedAt: ago(90 * 24 * time.Hour), Texts: map[string]string{"country": "Austria"}, Picture: "", Unclaimed: true},
	}
	for i := range 9 {
		m := rows[i%5]
		m.Owner = false
		rows = append(rows, m)
	}
	p := fixturePage("Members", "members", "")
	q := uimember.ParseQuery(p.In("/members"), map[string][]string{"tag": {"t1"}, "role": {"r1"}})
	return uimember.MembersView{
		Page: p, Query: q, Rows: rows, Range: ui.NewRange(2, 20, 14, 12480, false, q.OnPage), Columns: uimember.Columns(p, []field.Field{{Field: "shirt-size", Name: "Shirt size"}}),
		Role: "Captain", Tag: "marathon", HasRoles: true, HasTags: true, MayInvite: true,
	}
}

func fixtureProfile() uimember.ProfileView {
	return uimember.ProfileView{
		Page: fixturePage("Grace Hopper", "members", ""), ID: "6a21d1c09f3b0c4d5e6f7a02", Name: "Grace Hopper", Username: "grace", Email: "grace.hopper@navy.example",
		Number: 1042, Roles: []string{"Coach"}, Tags: []string{"marathon", "trail"}, JoinedAt: ago(400 * 24 * time.Hour),
		Values: []uimember.Value{
			{Name: "First Name", Text: "Grace", Field: "first_name", Input: uimember.ValueInput{Type: "single-line-text", Text: "Grace", Required: true}},
			{Name: "Last Name", Text: "Hopper"},
			{Name: "Phone", Text: "+15550100", Field: "phone", Input: uimember.ValueInput{Type: "phone", Text: "+1", Error: "Write the number as + and 7 to 15 digits, country code first."}},
			{Name: "Country", Text: "United States"},
			{Name: "Language"},
			{Name: "Shirt size", Text: "M", Field: "shirt", Input: uimember.ValueInput{Type: "select", Options: []string{"S", "M"}, Chosen: map[string]bool{"M": true}}},
			{Name: "Website", Text: "https://example.com/grace", Link: "https://example.com/grace"},
		},
		Fields: []ui.Choice{{Value: "", Label: "All fields"}, {Value: "shirt", Label: "Shirt size"}}, Sources: []ui.Choice{{Value: "", Label: "Everywhere"}, {Value: "import", Label: "Imports"}},
		History: []uimember.HistoryView{
			{ID: "1", Field: "Shirt size", Old: "S", New: "M", At: ago(2 * time.Minute), By: "ada.lovelace", From: "Import spring-2026.csv", FromLink: "/c/x/bulk-jobs/y", CanRevert: true},
			{ID: "2", Field: "Phone", New: "+15550100", At: ago(30 * time.Hour), By: "Nightly import", From: "Import crm-export.csv", FromLink: "/c/x/bulk-jobs/y", CanRevert: true},
			{ID: "3", Field: "Website", Old: "https://example.com/old-and-rather-long-address-of-a-page", New: "https://example.com/grace", At: ago(60 * 24 * time.Hour), By: "grace", From: "API", Backdated: true, Recorded: ago(time.Hour), CanRevert: true},
			{ID: "4", Field: "Country", New: "United States", At: ago(400 * 24 * time.Hour), From: "Initial value", First: true},
		},
		Older: "?cursor=x",
	}
}

func fixtureUnclaimed(invited time.Duration) uimember.ProfileView {
	v := fixtureProfile()
	v.Unclaimed, v.MayInvite, v.InvitedAt = true, true, ago(invited)
	v.InvitableFrom = moderation.InvitableFrom(v.InvitedAt)
	return v
}

func fixtureJob(status string, dry bool) uibulk.JobView {
	j := uibulk.JobView{
		ID: "6a21d1c09f3b0c4d5e6f7b01", Type: "import", Status: status, FileName: "spring-2026.csv", DryRun: dry, Detected: "CSV, UTF-8, comma",
		Counts: uibulk.Counts{Read: 12480, Created: 9811, Updated: 1204, Unchanged: 1402, Skipped: 21, Failed: 42}, By: "ada.lovelace",
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

func fixtureRows(j uibulk.JobView) uibulk.RowsView {
	return uibulk.RowsView{
		Job: j, Base: "/c/x/bulk-jobs/y", Next: "?cursor=x",
		Rows: []uibulk.RowView{
			{Line: 2, Person: "ada@example.com", Outcome: "unchanged", Note: "Everything is up to date"},
			{Line: 3, Person: "grace.hopper@navy.example", Outcome: "updated", Changes: []ui.Change{{Field: "Shirt size", Old: "S", New: "M"}, {Field: "Tag", Old: "marathon", New: "marathon, trail"}, {Field: "Phone", Old: "+15550100", New: ""}}},
			{Line: 4, Person: "minh.khai@example.vn", Outcome: "created", Changes: []ui.Change{{Field: "First Name", Old: "", New: "Minh Khai"}, {Field: "Last Name", Old: "", New: "Nguyễn Thị"}, {Field: "Country", Old: "", New: "VN"}}},
			{Line: 5, Person: "not-an-address", Outcome: "failed", Errors: []uibulk.RowError{{Column: "Email", Message: "This is not an email address.", Value: "not-an-address"}, {Column: "Country", Message: "No country is called that.", Value: "Atlantis"}}},
			{Line: 6, Person: "", Outcome: "skipped", Note: "An empty row"},
		},
		Errors: errorlist.View{Groups: []errorlist.GroupView{
			{Column: "Email", Message: "This is not an email address.", Count: 31, FirstLine: 5, Show: "?outcome=failed", Download: "/failed.csv", Values: []errorlist.ValueView{{Text: "not-an-address", Count: 30, Show: "?outcome=failed"}}, Others: 1},
			{Column: "Country", Message: "No country is called that.", Count: 11, FirstLine: 5, Show: "?outcome=failed", Download: "/failed.csv"},
		}},
	}
}

func fixtureImport(step int) uibulk.ImportView {
	draft := uibulk.DraftView{
		ID: "6a21d1c09f3b0c4d5e6f7c01", FileName: "spring-2026.csv", Size: 1_482_113, Text: true, ExpiresAt: seenAt.Add(20 * time.Hour).UnixMilli(),
		Detected: []ui.Choice{{Value: "Kind", Label: "CSV"}, {Value: "Encoding", Label: "UTF-8"}, {Value: "Delimiter", Label: "Semicolon"}, {Value: "Columns", Label: "7"}},
		Columns: []uibulk.ColumnView{
			{Index: 0, Header: "E-Mail", Samples: []string{"ada@example.com", "grace.hopper@navy.example"}, Field: "email", Suggested: true, Problem: "", CanCreate: true, NewType: "Single-line text"},
			{Index: 1, Header: "Vorname", Samples: []string{"Ada", "Grace"}, Field: "first_name", Suggested: true, Problem: "", CanCreate: true, NewType: "Single-line text"},
			{Index: 2, Header: "Last Name", Samples: []string{"Lovelace", "Hopper"}, Field: "last_name", Suggested: false, Problem: "", CanCreate: false, NewType: "Single-line text"},
			{Index: 3, Header: "login", Samples: []string{"ada", "grace"}, Field: "username", Suggested: true, Problem: "", CanCreate: true, NewType: "Single-line text"},
			{Index: 4, Header: "Shirt", Samples: []string{"M", "S"}, Field: "", Suggested: false, Problem: "No field is called Shirt. Choose one, or leave the column out.", CanCreate: true, NewType: "Single-line text"},
			{Index: 5, Header: "internal id", Samples: nil, Field: uibulk.Ignored, Suggested: false, Problem: "", CanCreate: false, NewType: "Single-line text"},
			{Index: 6, Header: "Tag", Samples: []string{"marathon, a rather long list of tags, that goes on", "trail"}, Field: "tag", Suggested: false, Problem: "", CanCreate: false, NewType: "Single-line text"},
		},
		Fields: []uibulk.FieldChoice{
			{ID: "first_name", Name: "First Name", Required: true, Default: true},
			{ID: "last_name", Name: "Last Name", Required: true, Default: true},
			{ID: "username", Name: "Username", Required: true, Default: true},
			{ID: "email", Name: "Email", Required: true, Default: true},
			{ID: "tag", Name: "Tag", Required: false, Default: true},
			{ID: "6a21d1c09f3b0c4d5e6f7d01", Name: "Shirt size", Required: false, Default: false},
		},
		Missing: []string{"Last Name"}, JobID: "6a21d1c09f3b0c4d5e6f7b00",
	}
	v := uibulk.ImportView{Page: fixturePage("Import members", "import", "From a CSV or Excel file, in four steps."), Step: step, Draft: draft}
	switch step {
	case 1:
		v.Unfinished = []uibulk.UnfinishedView{{ID: draft.ID, FileName: draft.FileName, Size: draft.Size, JobID: draft.JobID, CreatedAt: ago(4 * time.Hour), ExpiresAt: draft.ExpiresAt}}
		v.Draft = uibulk.DraftView{}
	case 3:
		v.Job = fixtureJob("completed_with_errors", true)
		v.Rows = fixtureRows(v.Job)
	case 4:
		v.Job = fixtureJob("running", false)
		v.Rows = uibulk.RowsView{Job: v.Job, Base: "/c/x/bulk-jobs/y"}
	}
	return v
}

func fixtureLog() uibulk.LogView {
	p := fixturePage("Bulk jobs", "bulk-jobs", "All imports, dry runs, updates and undos.")
	undone := fixtureJob("undone", false)
	failed := fixtureJob("failed", false)
	failed.FileName, failed.Counts, failed.By = "broken.xlsx", uibulk.Counts{Read: 12, Created: 10, Failed: 2}, "Nightly import"
	return uibulk.LogView{
		Page: p, Jobs: []uibulk.ListedJob{{JobView: fixtureJob("running", false)}, {JobView: fixtureJob("completed_with_errors", false)}, {JobView: fixtureJob("completed", true)}, {JobView: undone}, {JobView: failed}},
		Range: ui.Range{First: 1, Last: 5, Total: 5}, Filter: uibulk.JobFilter{Status: "failed"}, Here: p.In("/bulk-jobs"),
	}
}

func fixtureFields() uifield.FieldsView {
	return uifield.FieldsView{
		Page:    fixturePage("Fields", "fields", "The data of members in this community."),
		Own:     []uifield.FieldRow{{ID: "1", Field: "shirt-size", Name: "Shirt size", Type: "select", Description: "For the finisher shirts", Options: []string{"XS", "S", "M", "L", "XL"}, Required: false, Identifier: false, Filterable: true, Work: uifield.FieldWork{}}, {ID: "2", Field: "bib", Name: "Bib number", Type: "numerical", Description: "", Options: nil, Required: true, Identifier: true, Filterable: false, Work: uifield.FieldWork{Text: "Converting the values", Busy: true, Done: 1_200, Total: 300_000}}},
		Default: []uifield.FieldRow{{ID: "first_name", Field: "first_name", Name: "First Name", Type: "single-line-text", Description: "", Options: nil, Required: true, Identifier: false, Filterable: true, Work: uifield.FieldWork{}}, {ID: "email", Field: "email", Name: "Email", Type: "email", Description: "", Options: nil, Required: true, Identifier: true, Filterable: true, Work: uifield.FieldWork{}}, {ID: "role", Field: "role", Name: "Role", Type: "role", Description: "", Options: nil, Required: false, Identifier: false, Filterable: true, Work: uifield.FieldWork{}}},
	}
}

func fixtureKeys() uikey.KeysView {
	return uikey.KeysView{
		Page: fixturePage("API keys", "api-keys", "Access of programs to this community."),
		Keys: []uikey.KeyRow{
			{ID: "6a21d1c09f3b0c4d5e6f7e01", Name: "Nightly import", Hint: "9f3b", By: "ada", Permissions: []string{"bulkUpdateUser", "getUserData", "userFields", "roles"}, CreatedAt: ago(5 * time.Minute), ExpiresAt: 0, UsedAt: 0, Expired: false, Off: false, Idle: ""},
			{ID: "6a21d1c09f3b0c4d5e6f7e03", Name: "Shop", Hint: "1c4b", By: "ada", Permissions: []string{"signIn"}, CreatedAt: ago(9 * 24 * time.Hour), ExpiresAt: ago(-90 * 24 * time.Hour), UsedAt: ago(3 * time.Hour), Expired: false, Off: true, Idle: ""},
			{ID: "6a21d1c09f3b0c4d5e6f7e02", Name: "Old newsletter", Hint: "77aa", By: "ada", Permissions: []string{"*"}, CreatedAt: ago(900 * 24 * time.Hour), ExpiresAt: ago(24 * time.Hour), UsedAt: ago(50 * time.Hour), Expired: true, Off: false, Idle: ""},
			{ID: "6a21d1c09f3b0c4d5e6f7e04", Name: "Till", Hint: "20c5", By: "bob", Permissions: []string{"createUser"}, CreatedAt: ago(40 * 24 * time.Hour), ExpiresAt: 0, UsedAt: ago(2 * time.Hour), Expired: false, Off: false, Idle: "key_maker_gone"},
		},
		NewName: "Nightly import", NewKey: "5b0c9e2f7a1d4c8e9f3b0a6d2e7c1b4f5b0c9e2f7a1d4c8e9f3b0a6d2e7c1b4f",
	}
}

// fixtures are all pages with something on them, and the empty ones.
func fixtures() map[string]templ.Component {
	door := ui.Page{Title: "Sign in", Reader: ui.Reader{Now: seenAt, Words: fixtureWords}}
	withAlert := door
	withAlert.Alert = ui.Alert{Message: "The email address, username or password is wrong.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	problem := fixturePage("Page not found", "members", "")
	problem.Alert = ui.Alert{Message: "Page not found. The address is wrong, or the content was deleted.", RequestID: "6a21d1c0"}
	toast := fixturePage("Appearance", "appearance", "How the community looks, and its id.")
	toast.Toast = "Saved"
	job := fixtureJob("completed_with_errors", false)
	done := fixtureImport(4)
	done.Job = job
	done.Rows = fixtureRows(job)
	home := door
	home.Title, home.Help, home.Person = "Communities", "Choose a community", ui.Person{Name: "ada", Email: "ada@example.com"}
	emptyLog := fixturePage("Bulk jobs", "bulk-jobs", "")
	return map[string]templ.Component{
		"sign-in":       uisignin.SignInPage(uisignin.SignInView{Page: door}),
		"sign-in-wrong": uisignin.SignInPage(uisignin.SignInView{Page: withAlert, Login: "ada"}),
		"sign-in-setup": uisignin.SignInPage(uisignin.SignInView{Page: door, Setup: true}),
		"setup":         uisignin.SetupPage(uisignin.SetupView{Page: door, Token: "x", Errors: map[string]string{"password": "This password is among the most common ones."}}),
		"link":          uisignin.LinkPage(uisignin.LinkView{Page: door, Token: "x"}),
		"link-gone":     uisignin.LinkPage(uisignin.LinkView{Page: door, Gone: true}),
		"home":          uihome.HomePage(uihome.HomeView{Page: home, Choices: fixturePage("", "", "").Others, MayCreate: true}),
		"members":       uimember.MembersPage(fixtureMembers()),
		"members-empty": uimember.MembersPage(uimember.MembersView{Page: fixturePage("Members", "members", ""), Empty: true}),
		"members-none":  uimember.MembersPage(uimember.MembersView{Page: fixturePage("Members", "members", ""), Query: uimember.Query{Search: "zzz", Page: 1}}),
		"members-refused": uimember.RefusedPage(uimember.RefusedView{Page: fixturePage("Not all members were changed", "members", ""), Changed: 12, Back: "/", Refused: []uimember.RefusedMember{
			{ID: "6a21d1c09f3b0c4d5e6f7a01", Name: "ada", Why: "You can only manage members ranked below you. Ask someone with a higher role."}, {ID: "6a21d1c09f3b0c4d5e6f7a02", Name: "", Why: "User not found."},
		}}),
		"profile":           uimember.ProfilePage(fixtureProfile()),
		"profile-unclaimed": uimember.ProfilePage(fixtureUnclaimed(26 * time.Hour)),
		"profile-invited":   uimember.ProfilePage(fixtureUnclaimed(3 * time.Hour)),
		"members-invited": uimember.RefusedPage(uimember.RefusedView{Page: fixturePage("Not every member was invited", "members", ""), Invited: true, Changed: 2, Back: "/", Refused: []uimember.RefusedMember{
			{ID: "6a21d1c09f3b0c4d5e6f7a02", Name: "grace", Why: "This member was invited in the last 24 hours. Invite them again tomorrow."}, {ID: "6a21d1c09f3b0c4d5e6f7a01", Name: "", Why: "User not found."},
		}}),
		"import-file":     uibulk.ImportPage(fixtureImport(1)),
		"import-columns":  uibulk.ImportPage(fixtureImport(2)),
		"import-check":    uibulk.ImportPage(fixtureImport(3)),
		"import-run":      uibulk.ImportPage(fixtureImport(4)),
		"import-done":     uibulk.ImportPage(done),
		"bulk-jobs":       uibulk.LogPage(fixtureLog()),
		"bulk-jobs-empty": uibulk.LogPage(uibulk.LogView{Page: emptyLog}),
		"job":             uibulk.JobPage(uibulk.JobPageView{Page: fixturePage("spring-2026.csv", "bulk-jobs", ""), Job: job, Rows: fixtureRows(job)}),
		"fields":          uifield.FieldsPage(fixtureFields()),
		"fields-empty":    uifield.FieldsPage(uifield.FieldsView{Page: fixturePage("Fields", "fields", ""), Default: fixtureFields().Default}),
		"field-new":       uifield.FieldFormPage(uifield.FieldFormView{Page: fixturePage("New field", "fields", ""), Errors: map[string]string{"name": "A field has a name."}}),
		"field-edit": uifield.FieldFormPage(uifield.FieldFormView{
			Page: fixturePage("Shirt size", "fields", ""), ID: "1", Was: "Shirt size", Name: "Shirt size", Field: "shirt-size", Type: "select", Options: "XS\nS\nL", Have: 1_204, Filterable: true,
			Going: []uifield.RemovedOption{{Option: "M", Value: "S", Choices: []ui.Choice{{Value: "", Label: "Nothing"}, {Value: "XS", Label: "XS"}, {Value: "S", Label: "S"}, {Value: "L", Label: "L"}}}}, Work: uifield.FieldWork{Text: "Converting the values", Busy: true, Done: 1_200, Total: 300_000},
		}),
		"api-keys":       uikey.KeysPage(fixtureKeys()),
		"api-keys-empty": uikey.KeysPage(uikey.KeysView{Page: fixturePage("API keys", "api-keys", "Access of programs to this community.")}),
		"api-key-new":    uikey.NewKeyPage(uikey.NewKeyView{Page: fixturePage("New API key", "api-keys", "")}),
		"appearance":     uisettings.AppearancePage(uisettings.AppearanceView{Page: toast, Name: "Harbour Runners", Accent: "#0f8a6d", Zone: "Europe/Berlin", Zones: uisettings.Zones}),
		"problem-inside": ui.ErrorPage(problem, "/", "Back"),
		"problem":        ui.ErrorPage(ui.Page{Title: "Page not found", Alert: ui.Alert{Message: "Page not found. The address is wrong, or the content was deleted.", RequestID: "6a21d1c0"}}, "/", "All communities"),
	}
}

// gallery serves every page under its name, with the headers of the console. Pages
// that ask for news of themselves get none: the sign-in would replace them.
func gallery(t *testing.T, pages map[string]templ.Component) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", ui.New(ui.Services{}, func(*ui.Console) []ui.Area { return nil })) // assets
	for name, page := range pages {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", ui.ContentPolicy)
			templ.Handler(page).ServeHTTP(w, r)
		})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("HX-Request") != "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPagesAreAccessible(t *testing.T) { checkGallery(t, fixtures()) }

// checkGallery looks at every page in every way.
func checkGallery(t *testing.T, pages map[string]templ.Component) {
	t.Helper()
	ctx, ok := Tab(t)
	if !ok {
		return
	}
	address := gallery(t, pages)
	if err := chromedp.Run(ctx, minimize()); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if err := chromedp.Run(ctx, looks[0].put(), chromedp.Navigate(address+"/"+name), chromedp.WaitReady("#main")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, l := range looks {
			CheckPage(t, ctx, name, l)
		}
	}
}
