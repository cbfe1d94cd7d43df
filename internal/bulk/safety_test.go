package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// elsewhere moves the fixture to a second community and returns the first.
func (f *fixture) elsewhere() (first string) {
	f.Helper()
	first = f.community
	c, err := f.communities.Create(f.Context(), community.Input{Name: "Second"}, actor.Actor{})
	f.ok(err)
	f.community = c.ID
	return first
}

func TestAccountOfAnotherCommunityIsNotDisclosed(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		first := f.elsewhere()
		text := "Email,Username,First Name,Last Name\nbob@example.com,bob,B,B\nbob@example.com,bob,,\n,cem,C,C\n"
		plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
		f.want(plan, bulk.Completed, 1, 0, 1, 0, 1)
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 1, 0, 1)
		if got := f.codes(s); got[4] != "required" {
			f.Fatalf("codes %v", got)
		}
		f.want(f.run(bulk.Import, "Email,Username\nbob@example.com,hijacked\n", bulk.Options{}), bulk.Completed, 0, 1, 0, 0, 0)
		f.community = first
		if f.member("bob").Email != "Bob@Example.com" {
			f.Fatal("bob lost his name")
		}
	})
}

func TestUndoDoesNotChangeTheNameOfAClaimedMember(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		s := f.run(bulk.Import, "Email,Username\nann@example.com,anna\n", bulk.Options{})
		f.claim("anna")
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		undo = f.work(undo)
		f.want(undo, bulk.Completed, 0, 0, 0, 1, 0)
		if rows := f.details(undo, bulk.DetailFilter{}); rows[0].Errors[0].Code != "used_elsewhere" || f.member("anna").Email != "ann@example.com" {
			f.Fatalf("%+v", rows)
		}
	})
}

func TestFailedRowCreatesNoTag(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Email,Username,First Name,Last Name,Tag,Role\na@example.com,aa,A,A,ghost,nosuch\n,bb,B,B,ghost,\nc@example.com,cc,C,C,real,\n"
		f.want(f.run(bulk.Import, text, bulk.Options{CreateTags: true}), bulk.CompletedWithErrors, 1, 0, 0, 0, 2)
		tags, err := f.members.Tags(f.Context(), command, f.community)
		f.ok(err)
		if len(tags) != 2 || tags[1].Name != "real" {
			f.Fatalf("tags %+v", tags)
		}
	})
}

func TestTagBeyondTheLimitIsAnErrorOfItsRow(t *testing.T) {
	each(t, func(f *fixture) {
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			many := make([]member.Tag, member.MaxTags-2)
			for i := range many {
				many[i] = member.Tag{ID: fmt.Sprintf("%024x", i+1), Name: fmt.Sprint("t", i)}
			}
			return member.InsertTags(f.Context(), tx, f.community, many)
		}))
		text := "Email,Username,First Name,Last Name,Tag\na@example.com,aa,A,A,last\nb@example.com,bb,B,B,over\nc@example.com,cc,C,C,last\n"
		s := f.run(bulk.Import, text, bulk.Options{CreateTags: true})
		f.want(s, bulk.CompletedWithErrors, 2, 0, 0, 0, 1)
		if got := f.codes(s)[3]; got != "too_many_tags" {
			f.Fatalf("code %s", got)
		}
	})
}

func TestOpenImportRemovesNoRoleAndAssignsNoPermissions(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.communities.Update(f.Context(), f.community, community.Change{OpenBulkImport: new(true)}, actor.Actor{})
		f.ok(err)
		for title, input := range map[string]access.RoleInput{"Fan": {}, "Writer": {ChannelPermissions: map[string]bool{"manage_messages": true}}} {
			input.Title, input.Class = title, "#112233"
			_, err := f.auth.CreateRole(f.Context(), command, f.community, input)
			f.ok(err)
		}
		f.run(bulk.Import, people, bulk.Options{})
		f.run(bulk.Import, "Email,Role\nann@example.com,Fan\n", bulk.Options{})
		in := f.input(bulk.Import, "Email,Role,Tag\nann@example.com,@all,\nbob@example.com,Writer,\nann@example.com,\",\",\" , \"\n", bulk.Options{})
		in.Actor = actor.Actor{Kind: actor.Open}
		s, err := f.startUpload(f.Context(), in)
		f.ok(err)
		s = f.work(s)
		f.want(s, bulk.CompletedWithErrors, 0, 0, 1, 0, 2)
		if got := f.codes(s); got[2] != "clear_not_allowed" || got[3] != "role_protected" {
			f.Fatalf("codes %v", got)
		}
		if ann := f.member("ann"); len(ann.RoleIDs) != 1 || len(ann.TagIDs) != 1 {
			f.Fatalf("ann is %+v", ann)
		}
	})
}

func TestPlanAppliesToTheMemberOfTheDryRunOnly(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		plan := f.run(bulk.Import, "Username,Country\ndee,FR\n", bulk.Options{DryRun: true})
		f.run(bulk.Import, "Email,Username\ndee@example.com,didi\ncem@example.com,dee\n", bulk.Options{})
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		applied = f.work(applied)
		f.want(applied, bulk.CompletedWithErrors, 0, 0, 0, 0, 1)
		if got := f.codes(applied)[2]; got != "plan_stale" || f.member("cem@example.com").Country != "" {
			f.Fatalf("code %s, cem %+v", got, f.member("cem@example.com"))
		}
	})
}

func TestUndoContinuesACancelledOne(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		text := header + "Eve,Elm,eve,eve@example.com,,,,,,a,\nFay,Fir,fay,fay@example.com,,,,,,,\nGil,Gum,gil,gil@example.com,,,,,,,\n" +
			"Eve,,,eve@example.com,,,,,,b,\nAnn,,,ann@example.com,,FR,,,,,\nBob,,,bob@example.com,,FR,,,,,\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.Completed, 3, 3, 0, 0, 0)
		first, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		f.hideBatch(s.JobID, "hidden", 0)
		if first = f.work(first); first.Status != bulk.Failed {
			f.Fatalf("the first undo is %s", first.Status)
		}
		f.hideBatch("hidden", s.JobID, 0)
		if f.count() != 7 || f.member("ann").Country != "DE" {
			f.Fatalf("the cancelled undo left %d members, ann in %s", f.count(), f.member("ann").Country)
		}
		second, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		f.want(f.work(second), bulk.Completed, 0, 3, 3, 0, 0)
		if f.count() != 4 {
			f.Fatalf("%d members left", f.count())
		}
	})
}

// hideBatch moves a batch of one job to another one.
func (f *fixture) hideBatch(from, to string, number int) {
	f.Helper()
	_, err := f.db.Exec(f.Context(), "UPDATE bulk_batches SET job_id = $1 WHERE job_id = $2 AND number = $3", to, from, number)
	f.ok(err)
}

func TestJobThatCannotContinueFails(t *testing.T) {
	each(t, func(f *fixture) {
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		for _, change := range []string{"ALTER TABLE bulk_batches RENAME TO hidden", "UPDATE jobs SET attempt = max_attempts - 1"} {
			_, err := f.db.Exec(f.Context(), change)
			f.ok(err)
		}
		s = f.work(s)
		if s.Status != bulk.Failed || s.Error.Code != "gave_up" || strings.Contains(s.Error.Message.English, "bulk_batches") {
			f.Fatalf("%s %+v", s.Status, s.Error)
		}
		_, err = f.db.Exec(f.Context(), "ALTER TABLE hidden RENAME TO bulk_batches")
		f.ok(err)
		lost, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		_, err = f.db.Exec(f.Context(), "DELETE FROM jobs")
		f.ok(err)
		f.ok(f.bulk.Sweep(f.Context()))
		if lost, err = f.bulk.Status(f.Context(), command, f.community, lost.JobID); err != nil || lost.Status != bulk.Failed {
			f.Fatalf("%s (%v)", lost.Status, err)
		}
	})
}

func TestFailedRowIsRejectedAgainUntilItIsCorrected(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "handle", Name: "@handle", Type: field.SingleLine})
		text := "Email,Username,First Name,Last Name,@handle\na@example.com,aa,A,A,x,shifted\nb@example.com,bb,Zo\xeb \xc3\xa9\xc3\xa9,B,\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
		again := f.run(bulk.Import, f.failedCSV(s), bulk.Options{})
		f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
		if got := f.codes(again); got[2] != "too_many_cells" || got[3] != "bad_encoding" {
			f.Fatalf("codes %v", got)
		}
		mended := strings.NewReplacer(",shifted", "", "Zo\ufffd", "Zoe").Replace(f.failedCSV(s))
		f.want(f.run(bulk.Import, mended, bulk.Options{}), bulk.Completed, 2, 0, 0, 0, 0)
	})
}

func TestDeletedMemberIsNotChanged(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		ann := f.member("ann")
		_, err := f.db.Exec(f.Context(), "UPDATE members SET state = 'deleted' WHERE user_id = $1", ann.ID)
		f.ok(err)
		s := f.run(bulk.Import, "Email,Plan\nann@example.com,x\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 1)
		if got := f.codes(s)[2]; got != "member_deleted" {
			f.Fatalf("code %s", got)
		}
		standing, err := member.Memberships{}.ByAccount(f.Context(), f.db, f.community, ann.ID)
		f.ok(err)
		if standing.Member {
			f.Fatal("a deleted member still counts as one")
		}
	})
}

func TestADamagedFileFailsAndKeepsWhatWasRead(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db, 2_500)
		var text strings.Builder // more than what is looked at before the job starts
		text.WriteString("Email,Username,First Name,Last Name,Plan\n")
		for i := range 12_000 {
			fmt.Fprintf(&text, "u%d@example.com,n%d,F,L,%0100d\n", i, i, i)
		}
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, cutGzip(text.String()), bulk.Options{}))
		f.ok(err)
		s = f.work(s)
		if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "damaged_file" {
			f.Fatalf("%s %+v", s.Status, s.Error)
		}
		if s.Counts.Created != f.count() || s.Counts.Created < 11_000 {
			f.Fatalf("created %d, members %d", s.Counts.Created, f.count())
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		if f.work(undo); f.count() != 0 {
			f.Fatalf("%d members after undo", f.count())
		}
	})
}

func TestZipBombIsNotReportedAsDamaged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db, 2_500)
		line := "same@example.com,same,F,L," + strings.Repeat("long ", 2_000) + "\n"
		packed := wholeGzip("Email,Username,First Name,Last Name,Plan\n" + strings.Repeat(line, 1_200))
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, packed, bulk.Options{}))
		f.ok(err)
		s = f.work(s)
		if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "zip_bomb" || !strings.Contains(s.Error.Message.English, "more than 200 times as many") {
			f.Fatalf("%s %+v", s.Status, s.Error)
		}
	})
}

func TestIdentifiersHaveNoDefault(t *testing.T) {
	in := field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true, DefaultValue: "x"}
	if _, err := in.Validate(); !errs.Is(err, "invalid_input") {
		t.Fatalf("%v", err)
	}
}
