package member_test

import (
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/member"
)

func TestALookupLeavesTheKeysInTheOrderOfTheCaller(t *testing.T) {
	each(t, func(f *fixture) {
		var ids []string
		for _, r := range f.People("ann", "bob", "cid") {
			ids = append([]string{r.ID}, ids...)
		}
		ids = append(ids, ids[0])
		before := slices.Clone(ids)
		found, err := member.Lookup(f.Context(), f.DB, f.Community, member.KeySet{IDs: ids}, false)
		f.OK(err)
		if len(found) != 3 || !slices.Equal(ids, before) {
			f.Errorf("%d people, keys %v, want %v", len(found), ids, before)
		}
	})
}
