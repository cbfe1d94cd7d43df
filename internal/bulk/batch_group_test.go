package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
)

// newcomers returns a file of new members.
func newcomers(from, to int) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "p%03d@example.com,p%03d,P,%d,+4930%06d\n", (i*37)%1000, i, i, i)
	}
	return text.String()
}

func TestExistingMembersAmongManyNewOnesAreMatched(t *testing.T) {
	each(t, func(f *fixture) {
		const head = "Email,Username,First Name,Last Name,Phone\n"
		f.want(f.run(bulk.Import, head+"known@example.com,known,K,K,\np990@example.com,taken,T,T,\n", bulk.Options{}), bulk.Completed, 2, 0, 0, 0, 0)
		text := head + newcomers(1, 60) +
			"known@example.com,,Known,K,\n" + // somebody who was there
			newcomers(60, 110) +
			"P001@example.com,p010,Other,Name,\n" + // the email of one, the name of another
			newcomers(110, 150) +
			",p020,,Again,\n" + // somebody of a row long before
			"nobody@example.com,Taken,N,N,\n" + // a name that somebody has
			newcomers(150, 170)
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 169, 2, 0, 0, 2)
		if m := f.member("p020"); m.LastName != "Again" || m.Phone != "+4930000020" {
			t.Errorf("%+v", m)
		}
		rows := f.details(s, bulk.DetailFilter{})
		for i, row := range rows {
			if row.Line != i+2 {
				t.Fatalf("the detail %d is of line %d", i, row.Line)
			}
		}
		if f.count() != 171 || len(rows) != 173 {
			t.Errorf("%d members, %d details", f.count(), len(rows))
		}
	})
}

func TestManyNewMembersAreCreatedAndUndone(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Phone\n"+newcomers(0, 200), bulk.Options{})
		f.want(s, bulk.Completed, 200, 0, 0, 0, 0)
		for _, i := range []int{0, 99, 199} {
			if m := f.member(fmt.Sprintf("p%03d", i)); m.Email != fmt.Sprintf("p%03d@example.com", (i*37)%1000) || m.LastName != fmt.Sprint(i) {
				t.Errorf("%+v", m)
			}
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		f.want(f.work(undo), bulk.Completed, 0, 200, 0, 0, 0)
		if f.count() != 0 {
			t.Errorf("%d members stayed", f.count())
		}
	})
}
