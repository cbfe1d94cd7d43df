package audit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestEntriesAreListedNewestFirstAndFiltered(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		for i, action := range []string{"role.create", "role.update", "tag.delete"} {
			noun, _, _ := strings.Cut(action, ".")
			e := audit.Entry{
				CommunityID: "c", At: int64(1_700_000_000_000 + i*1000), Actor: "account:a", ActorName: "ada", Action: audit.Verb(action),
				Target: audit.Target{Type: noun, ID: "t", Name: "VIP"}, Changes: []audit.Change{{Field: "title", Old: nil, New: "VIP"}},
			}
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return audit.Append(ctx, tx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			filter audit.Filter
			want   []string
		}{
			"all":        {audit.Filter{}, []string{"tag.delete", "role.update", "role.create"}},
			"a noun":     {audit.Filter{Action: "role."}, []string{"role.update", "role.create"}},
			"an action":  {audit.Filter{Action: "role.update"}, []string{"role.update"}},
			"a time":     {audit.Filter{From: 1_700_000_001_000, To: 1_700_000_002_000}, []string{"role.update"}},
			"an actor":   {audit.Filter{Actor: "key:k"}, nil},
			"of another": {audit.Filter{Target: "u"}, nil},
		} {
			c.filter.Limit = 10
			entries, next, err := audit.List(ctx, db, "c", c.filter)
			var got []string
			for _, e := range entries {
				got = append(got, string(e.Action))
			}
			if d := cmp.Diff(c.want, got); d != "" || err != nil || next != "" {
				t.Errorf("%s: %v %q %s", name, err, next, d)
			}
		}
		first, next, err := audit.List(ctx, db, "c", audit.Filter{Limit: 2})
		rest, end, failed := audit.List(ctx, db, "c", audit.Filter{Limit: 2, Cursor: next})
		if err != nil || failed != nil || len(first) != 2 || len(rest) != 1 || end != "" || rest[0].Changes[0].New != "VIP" {
			t.Errorf("%v %v, %+v then %+v", err, failed, first, rest)
		}
		if none, _, err := audit.List(ctx, db, "d", audit.Filter{Limit: 2}); err != nil || len(none) != 0 {
			t.Errorf("another community sees %+v, %v", none, err)
		}
	})
}
