package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member/directory"
)

// holders returns the usernames and cards of all members.
func (f *fixture) holders() map[string]any {
	f.Helper()
	list, err := f.members.List(f.Context(), command, f.community, directory.Filter{Limit: 50})
	f.ok(err)
	found := map[string]any{}
	for _, m := range list.Members {
		found[m.Username+" of "+m.Email] = m.Values.Get("card")
	}
	return found
}

func eachWithCards(t *testing.T, test func(f *fixture)) {
	t.Helper()
	each(t, func(f *fixture) {
		f.bulk = f.withBatchRows(50)
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		f.run(bulk.Import, "Email,Username,First Name,Last Name,Card\na@x.example,aa,F,L,c1\nb@x.example,bb,F,L,c2\nc@x.example,cc,F,L,c3\nd@x.example,dd,F,L,c4\n", bulk.Options{})
		test(f)
	})
}

func TestMembersExchangeUsernamesAndIdentifiersInOneFile(t *testing.T) {
	eachWithCards(t, func(f *fixture) {
		before := f.state()
		text := "Email,Username,Card\na@x.example,bb,c2\nb@x.example,cc,c1\nc@x.example,aa,\n"
		plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
		f.want(plan, bulk.Completed, 0, 3, 0, 0, 0)
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		want := map[string]any{"bb of a@x.example": "c2", "cc of b@x.example": "c1", "aa of c@x.example": "c3", "dd of d@x.example": "c4"}
		for _, s := range []bulk.Status{f.work(applied), f.run(bulk.Import, text, bulk.Options{})} {
			if s.Counts.Unchanged == 0 {
				f.want(s, bulk.Completed, 0, 3, 0, 0, 0)
			}
			if d := cmp.Diff(want, f.holders()); d != "" {
				f.Fatal(d)
			}
		}
		f.want(f.undo(bulk.Status{JobID: applied.JobID}), bulk.Completed, 0, 3, 0, 0, 0)
		f.same(before)
		s := f.run(bulk.Update, "user_id,Card\n"+f.member("aa").ID+",c4\n"+f.member("dd").ID+",c1\n", bulk.Options{})
		f.want(s, bulk.Completed, 0, 2, 0, 0, 0)
		f.want(f.undo(s), bulk.Completed, 0, 2, 0, 0, 0)
		f.same(before)
	})
}

func TestNothingIsExchangedWithAMemberWhoseRowFails(t *testing.T) {
	eachWithCards(t, func(f *fixture) {
		before := f.holders()
		s := f.run(bulk.Import, "Email,Username,Card,Country,Tag\na@x.example,bb,c2,,\nb@x.example,cc,c3,,\nc@x.example,aa,c1,,nowhere\nd@x.example,dd,c4,FR,\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 1, 0, 0, 3)
		if d := cmp.Diff(before, f.holders()); d != "" {
			f.Fatal(d)
		}
	})
}

func TestAClaimedMemberTakesPartInNoExchangeOfUsernames(t *testing.T) {
	eachWithCards(t, func(f *fixture) {
		f.claim("bb")
		before := f.holders()
		s := f.run(bulk.Import, "Email,Username\na@x.example,bb\nb@x.example,aa\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
		if d := cmp.Diff(map[int]string{2: "identity_conflict", 3: "identity_conflict"}, f.codes(s)); d != "" {
			f.Fatal(d)
		}
		if d := cmp.Diff(before, f.holders()); d != "" {
			f.Fatal(d)
		}
	})
}
