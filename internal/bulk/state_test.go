package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestRowsOfDeletedMembersFailWithTheReason(t *testing.T) {
	each(t, func(f *fixture) {
		const head = "First Name,Last Name,Username,Email\n"
		f.run(bulk.Import, head+"a,b,here,here@example.com\na,b,gone,gone@example.com\na,b,left,left@example.com\na,b,banned,banned@example.com\na,b,ahead,ahead@example.com\n", bulk.Options{})
		for username, state := range map[string]string{"gone": member.Deleted, "left": member.Left, "banned": member.Banned, "ahead": member.Pending} {
			who, err := f.members.Find(f.Context(), command, f.community, username)
			f.ok(err)
			f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
				_, err := member.SetState(f.Context(), tx, actor.Actor{}, f.community, []string{who.ID}, state, 7)
				return err
			}))
		}
		s := f.run(bulk.Import, head+"c,b,here,here@example.com\nc,b,gone,gone@example.com\nc,b,left,left@example.com\nc,b,banned,banned@example.com\nc,b,ahead,ahead@example.com\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 2, 0, 0, 3)
		codes := map[string]string{}
		for _, d := range f.details(s, bulk.DetailFilter{}) {
			for _, p := range d.Errors {
				codes[d.Identifier] = p.Code
			}
		}
		want := map[string]string{"gone@example.com": "member_deleted", "left@example.com": "member_left", "banned@example.com": "member_banned"}
		if diff := cmp.Diff(want, codes); diff != "" {
			f.Fatal(diff)
		}
		// One who is to come has got the new name, and is still to come.
		ahead, err := f.members.FindIn(f.Context(), command, f.community, "ahead", member.Pending)
		f.ok(err)
		if n, err := f.members.Count(f.Context(), command, f.community); err != nil || n != 1 || ahead.FirstName != "c" {
			f.Fatalf("%d members, %+v (%v)", n, ahead, err)
		}
	})
}
