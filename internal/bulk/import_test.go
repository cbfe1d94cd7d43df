package bulk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/directory"
)

func sprint(v ...any) string { return fmt.Sprint(v...) }

const header = "First Name,Last Name,Username,Email,Phone,Country,Language,Role,Tag,Plan,Score\n"

const people = header +
	"Ann,Ash,ann,ann@example.com,+49 30 1234567,Germany,German,,beta,gold,1.50\n" +
	"Bob,Birch,bob,Bob@Example.com,,US,en,,,,\n" +
	"Cem,Cedar,cem,cem@example.com,,,,,,silver,-5\n" +
	"Dee,Dogwood,dee,dee@example.com,,,,,,,\n"

func TestFileOfNewPeopleCreatesMembers(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, people, bulk.Options{})
		f.want(s, bulk.Completed, 4, 0, 0, 0, 0)
		ann := f.member("ann@example.com")
		if ann.FirstName != "Ann" || ann.Phone != "+49301234567" || ann.Country != "DE" || ann.Language != "de" || len(ann.TagIDs) != 1 {
			f.Fatalf("ann is %+v", ann)
		}
		if want := map[string]any{"plan": "gold", "score": json.Number("1.5")}; !cmp.Equal(ann.Values.Map(), want) {
			f.Fatal(cmp.Diff(want, ann.Values.Map()))
		}
		if bob := f.member("BOB"); bob.Email != "Bob@Example.com" {
			f.Fatalf("the email of bob is %s, want it as it was written", bob.Email)
		}
		if f.count() != 4 {
			f.Fatalf("%d members, want 4", f.count())
		}
		again := f.run(bulk.Import, people, bulk.Options{})
		f.want(again, bulk.Completed, 0, 0, 4, 0, 0)
	})
}

func TestEmptyCellChangesNothingAndTheTokenClears(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		s := f.run(bulk.Import, "Email,Phone,Plan,Tag,First Name\nann@example.com,,__CLEAR__,__CLEAR__,Anna\nbob@example.com,,,,__CLEAR__\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 1, 0, 0, 1)
		ann := f.member("ann")
		if ann.Phone == "" || ann.Values.Get("plan") != nil || len(ann.TagIDs) != 0 || ann.FirstName != "Anna" {
			f.Fatalf("ann is %+v", ann)
		}
		if got := f.codes(s); got[3] != "cannot_clear" {
			f.Fatalf("codes %v", got)
		}
		rows, _, err := f.members.Histories(f.Context(), command, f.community, directory.HistoryFilter{UserID: ann.ID, Source: "import", Limit: 10})
		f.ok(err)
		got := map[string]string{}
		for _, h := range rows {
			got[h.FieldName] = sprint(h.Old, " -> ", h.New, " by ", h.Source.Type, " ", h.Source.ID == s.JobID, " ", h.Actor)
		}
		want := map[string]string{"First Name": "Ann -> Anna by import true command", "Plan": "gold -> <nil> by import true command", "Tag": "[beta] -> <nil> by import true command"}
		if !cmp.Equal(got, want) {
			f.Fatal(cmp.Diff(want, got))
		}
	})
}

func TestEveryBadRowIsNamedAndNoneStopsTheFile(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: "VIP", Class: "#112233"})
		f.ok(err)
		f.run(bulk.Import, people, bulk.Options{})
		rows := []struct{ row, code string }{
			{"Eve,Elm,eve,eve@example.com,12345,,,,,,", "invalid_phone"},
			{"Eve,Elm,eve,not-an-email,,,,,,,", "invalid_email"},
			{"Eve,Elm,1234,eve@example.com,,,,,,,", "invalid_username"},
			{"Eve,Elm,eve,eve@example.com,,Atlantis,,,,,", "unknown_country"},
			{"Eve,Elm,eve,eve@example.com,,,Elvish,,,,", "unknown_language"},
			{"Eve,Elm,eve,eve@example.com,,,,vip,,,", "unknown_role"},
			{"Eve,Elm,eve,eve@example.com,,,,,Beta,,", "unknown_tag"},
			{`Eve,Elm,eve,eve@example.com,,,,,,,"1,234"`, "number_ambiguous"},
			{"Eve,Elm,eve,eve@example.com,,,,,,,12x", "invalid_number"},
			{"Eve,,eve,eve@example.com,,,,,,,", "required"},
			{",,,new@example.com,,,,,,,", "required required required"},
			{"Eve,Elm,ann,eve@example.com,,,,,,,", "email_differs"},
			{"Eve,Elm,bob,ann@example.com,,,,,,,", "identity_conflict"},
			{"Eve,Elm,eve,eve@example.com,,,,,,,1,extra", "too_many_cells"},
			{strings.Repeat("e", 51) + ",Elm,eve,eve@example.com,,,,,,,", "too_long"},
			{"Eve,Elm,eve,eve@example.com,12,Nowhere,,,,,x", "invalid_phone unknown_country invalid_number"},
		}
		text := header
		for _, r := range rows {
			text += r.row + "\n"
		}
		text += ",,,,,,,,,,\n" + `"Fay",Fir,fay,fay@example.com,,,,"VIP, @all",,"=cmd()",'+5` + "\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 1, int64(len(rows)))
		codes := f.codes(s)
		for i, r := range rows {
			if codes[i+2] != r.code {
				f.Errorf("line %d %q: %q, want %q", i+2, r.row, codes[i+2], r.code)
			}
		}
		fay := f.member("fay")
		if len(fay.RoleIDs) != 1 || fay.Values.Get("plan") != "=cmd()" || fay.Values.Get("score") != json.Number("5") {
			f.Fatalf("fay is %+v", fay)
		}
		kinds, err := f.bulk.ErrorGroups(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if kinds.List[0].Code != "required" && kinds.List[0].Code != "invalid_phone" && kinds.List[0].Rows < 2 {
			f.Fatalf("kinds %+v", kinds)
		}
	})
}

func TestFailedRowsAreAFileThatCanBeCorrectedAndUploaded(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Email;First Name;Last Name;Username;Score\r\nann@example.com;Ann;Ash;ann;1\r\n" +
			"\"bob@example.com\";\"Bob \"\"B\"\"\";Birch;bob;oops\r\ncem@example.com;=1+1;Cedar;cem;1e9\r\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 0, 2)
		failed := f.failedCSV(s)
		want := "Email;First Name;Last Name;Username;Score;_line;_error_column;_error_code;_error_message\r\n" +
			"bob@example.com;\"Bob \"\"B\"\"\";Birch;bob;oops;3;Score;invalid_number;Write a plain number such as 1234.5: no thousands signs, no exponent.\r\n" +
			"cem@example.com;'=1+1;Cedar;cem;1e9;4;Score;invalid_number;Write a plain number such as 1234.5: no thousands signs, no exponent.\r\n"
		if failed != want {
			f.Fatal(cmp.Diff(want, failed))
		}
		mended := strings.NewReplacer("oops", "2", "1e9", "3").Replace(failed)
		f.want(f.run(bulk.Import, mended, bulk.Options{}), bulk.Completed, 2, 0, 0, 0, 0)
		if cem := f.member("cem"); cem.FirstName != "=1+1" {
			f.Fatalf("first name %q, want the cell as it was", cem.FirstName)
		}
	})
}

func TestRowsOfOnePersonApplyInFileOrder(t *testing.T) {
	each(t, func(f *fixture) {
		text := header
		for i := range 8 { // across batches and within them
			text += fmt.Sprintf("Ann,Ash%d,ann,ann@example.com,,,,,,p%d,%d\n", i, i, i)
		}
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.Completed, 1, 7, 0, 0, 0)
		ann := f.member("ann")
		if ann.LastName != "Ash7" || ann.Values.Get("plan") != "p7" {
			f.Fatalf("ann is %+v", ann)
		}
		rows, _, err := f.members.Histories(f.Context(), command, f.community, directory.HistoryFilter{UserID: ann.ID, Source: "import", Limit: 100})
		f.ok(err)
		if len(rows) != 21 {
			f.Fatalf("%d changes in the history, want 7 x 3", len(rows))
		}
	})
}

func TestAUsernameCanPassFromOnePersonToTheNext(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		text := "Email,Username,First Name,Last Name\nann@example.com,anna,,\nbob@example.com,ann,,\nnew@example.com,bob,New,Bob\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.Completed, 1, 2, 0, 0, 0)
		for username, email := range map[string]string{"anna": "ann@example.com", "ann": "Bob@Example.com", "bob": "new@example.com"} {
			if got := f.member(username).Email; got != email {
				f.Errorf("%s belongs to %s, want %s", username, got, email)
			}
		}
		swap := "Email,Username\nbob@example.com,anna\nann@example.com,ann\n"
		f.want(f.run(bulk.Import, swap, bulk.Options{}), bulk.Completed, 0, 2, 0, 0, 0)
		if got := f.member("anna").Email; got != "Bob@Example.com" {
			f.Errorf("anna belongs to %s after the swap", got)
		}
	})
}

func TestModesSkipWhatTheyLeaveOut(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		text := "Email,Username,First Name,Last Name\nann@example.com,ann,Anna,Ash\nnew@example.com,new,New,Nut\n"
		f.want(f.run(bulk.Import, text, bulk.Options{Mode: bulk.CreateOnly}), bulk.Completed, 1, 0, 0, 1, 0)
		f.want(f.run(bulk.Import, strings.ReplaceAll(text, "new", "newer"), bulk.Options{Mode: bulk.UpdateOnly}), bulk.Completed, 0, 1, 0, 1, 0)
	})
}

func TestMemberOfAnotherCommunityIsANewMemberHere(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		first := f.community
		second, err := f.communities.Create(f.Context(), community.Input{Name: "Second"}, actor.Actor{})
		f.ok(err)
		f.community = second.ID
		text := "Email,Username,First Name,Last Name\nANN@example.com,ann,Other,Name\nbob@example.com,robert,Bob,B\ncem@example.com,,Cem,C\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 2, 0, 0, 0, 1)
		if got := f.codes(s)[4]; got != "required" {
			f.Fatalf("code %s", got)
		}
		here := f.member("ann")
		f.community = first
		there := f.member("ann")
		if here.ID == there.ID || there.FirstName != "Ann" || here.FirstName != "Other" || here.Email != "ANN@example.com" {
			f.Fatalf("here %+v, there %+v", here, there)
		}
		f.want(f.run(bulk.Import, "Email,Username\nann@example.com,anna\n", bulk.Options{}), bulk.Completed, 0, 1, 0, 0, 0)
		f.claim("anna")
		s = f.run(bulk.Import, "Email,Username\nann@example.com,ann\n", bulk.Options{})
		if got := f.codes(s)[2]; got != "username_differs" {
			f.Fatalf("a claimed member: %s", got)
		}
	})
}

func TestTagsAreCreatedOnRequest(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Email,Username,First Name,Last Name,Tag\na@example.com,aa,A,A,\"one, two\"\nb@example.com,bb,B,B,two\nc@example.com,cc,C,C,beta\nd@example.com,dd,D,D,one\n"
		f.want(f.run(bulk.Import, text, bulk.Options{}), bulk.CompletedWithErrors, 1, 0, 0, 0, 3)
		f.want(f.run(bulk.Import, text, bulk.Options{CreateTags: true}), bulk.Completed, 3, 0, 1, 0, 0)
		tags, err := f.members.Tags(f.Context(), command, f.community)
		f.ok(err)
		if len(tags) != 3 {
			f.Fatalf("tags %+v, want beta, one, two", tags)
		}
	})
}

func TestAnOpenImportCannotReachPermissions(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.communities.Update(f.Context(), f.community, community.Change{OpenBulkImport: new(true)}, actor.Actor{})
		f.ok(err)
		for title, input := range map[string]access.RoleInput{
			"Mod":  {ServerPermissions: map[string]bool{"kick_members": true}},
			"Paid": {Billable: true}, "Fan": {},
		} {
			input.Title, input.Class = title, "#112233"
			_, err := f.auth.CreateRole(f.Context(), command, f.community, input)
			f.ok(err)
		}
		f.run(bulk.Import, people+"Mia,Moss,mia,mia@example.com,,,,Mod,,,\n", bulk.Options{})
		f.ok(f.ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.community, f.claim("bob").AccountID))
		in := f.input(bulk.Import, "Email,First Name,Role,Plan,Username,Last Name\nmia@example.com,M,,,,\nbob@example.com,B,,,,\nann@example.com,A,Mod,,,\ncem@example.com,C,Paid,,,\n"+
			"dee@example.com,D,Fan,,,\nann@example.com,,,__CLEAR__,,\nnew@example.com,N,Mod,,neu,N\n", bulk.Options{})
		in.Actor = actor.Actor{Kind: actor.Open}
		s, err := f.startUpload(f.Context(), in)
		f.ok(err)
		s = f.work(s)
		want := map[int]string{2: "member_protected", 3: "member_protected", 4: "role_protected", 5: "role_protected", 7: "clear_not_allowed", 8: "role_protected"}
		if got := f.codes(s); !cmp.Equal(got, want) {
			f.Fatal(cmp.Diff(want, got))
		}
		f.want(s, bulk.CompletedWithErrors, 0, 1, 0, 0, 6)
	})
}

func TestInvalidHeaderIsRejectedWithAllErrors(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		tests := []struct {
			text, code string
			names      []string
		}{
			{"Emial,Username,Colour\n", "invalid_header", []string{`Did you mean "Email"`, `no field "Colour"`}},
			{"Email,email,E-MAIL\n", "invalid_header", []string{`"email" mean the same`, "E-MAIL"}},
			{"First Name,Last Name\n", "no_identifying_column", nil},
			{"\n\n", "no_header", nil},
			{"", "empty_file", nil},
			{"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_text", nil},
			{strings.Repeat("Email,", 1001) + "\n", "too_many_columns", nil},
		}
		for _, test := range tests {
			_, err := f.startUpload(f.Context(), f.input(bulk.Import, test.text, bulk.Options{}))
			if !errs.Is(err, test.code) {
				f.Errorf("%.20q: %v, want %s", test.text, err, test.code)
				continue
			}
			fields := errs.From(err).Fields
			if len(fields) != len(test.names) {
				f.Errorf("%.20q: fields %+v", test.text, fields)
				continue
			}
			for i, part := range test.names {
				if got := fields[i].Field + ": " + fields[i].Message; !strings.Contains(got, part) {
					f.Errorf("%.20q: %q, want %q in it", test.text, got, part)
				}
			}
		}
		list, total, err := f.bulk.List(f.Context(), command, f.community, bulk.ListFilter{Page: 1, Limit: 10})
		f.ok(err)
		if total != 1 || len(list) != 1 {
			f.Fatalf("%d jobs in the log, want only the first", total)
		}
	})
}

func TestAMappingNamesColumnsAndIgnoresThem(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Mail;Who;Vorname;Nachname;Notes\nann@example.com;ann;Ann;Ash;secret\n"
		email, username, first, last := "email", "Username", "first_name", "Last Name"
		o := bulk.Options{Mapping: map[string]*string{"Mail": &email, "Who": &username, "Vorname": &first, "Nachname": &last, "Notes": nil}}
		f.want(f.run(bulk.Import, text, o), bulk.Completed, 1, 0, 0, 0, 0)
		o.Mapping["Gone"] = nil
		if _, err := f.startUpload(f.Context(), f.input(bulk.Import, text, o)); !errs.Is(err, "invalid_header") {
			f.Fatalf("a mapping of a column that is not there: %v", err)
		}
	})
}

func TestRetentionEndsTheDetailsAndKeepsTheLog(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, people, bulk.Options{})
		f.late = 91 * 24 * time.Hour
		f.ok(f.bulk.Sweep(f.Context()))
		_, _, err := f.bulk.Details(f.Context(), command, f.community, s.JobID, bulk.DetailFilter{})
		if !errs.Is(err, "expired") || errs.KindOf(err) != errs.Gone {
			f.Fatalf("details after retention: %v", err)
		}
		if _, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, ""); !errs.Is(err, "expired") {
			f.Fatalf("undo after retention: %v", err)
		}
		kept, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if kept.Counts.Created != 4 {
			f.Fatalf("counts %+v", kept.Counts)
		}
		left := 0
		f.ok(f.files.List(f.Context(), func(string, int64, time.Time) error { left++; return nil }))
		if left != 0 {
			f.Fatalf("%d files left", left)
		}
	})
}
