package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
)

func TestRowReportsAllItsErrorsAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		text := "First Name,Last Name,Username,Email,Tag,Role,Country,Score\n" +
			"A,B,mf2,mf2@e.co,nope,nope2,Narnia,1e5\n" +
			"A,B,mf3,mf3@e.co,\"beta, new\",,Narnia,\n" +
			"A,B,mf4,mf4@e.co,nope,nope2,Narnia,1e5,more\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		want := map[int]string{2: "unknown_country invalid_number unknown_tag unknown_role", 3: "unknown_country unknown_tag", 4: "too_many_cells"}
		if got := f.codes(s); !cmp.Equal(got, want) {
			f.Error(cmp.Diff(want, got))
		}
		s = f.run(bulk.Import, text, bulk.Options{CreateTags: true})
		want[2], want[3] = "unknown_country invalid_number unknown_role", "unknown_country"
		if got := f.codes(s); !cmp.Equal(got, want) {
			f.Error(cmp.Diff(want, got))
		}
		tags, err := f.members.Tags(f.Context(), command, f.community)
		f.ok(err)
		if len(tags) != 1 {
			f.Errorf("rows that failed made tags: %+v", tags)
		}
	})
}
