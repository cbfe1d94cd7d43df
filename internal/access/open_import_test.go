package access_test

import (
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestKeyCannotEnableOpenImport(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		on, off := true, false
		for kind, allowed := range map[actor.Kind]bool{actor.Session: true, actor.Command: true, actor.CommunityKey: false, actor.UserKey: false} {
			caller := actor.Actor{Kind: kind, AccountID: "a", KeyID: "k"}
			home, err := w.communities.Create(t.Context(), community.Input{Name: "Home"}, actor.Actor{})
			if err != nil {
				t.Fatal(err)
			}
			_, changing := w.communities.Update(t.Context(), home.ID, community.Change{OpenBulkImport: &on}, caller)
			_, making := w.communities.Create(t.Context(), community.Input{Name: "Other", Settings: community.Settings{OpenBulkImport: true}}, caller)
			for what, err := range map[string]error{"change": changing, "make": making} {
				if allowed && err != nil || !allowed && !errs.Is(err, "person_required") {
					t.Errorf("%s by %s: %v", what, kind, err)
				}
			}
			if _, err := w.communities.Update(t.Context(), home.ID, community.Change{OpenBulkImport: &off}, caller); err != nil {
				t.Errorf("turn off by %s: %v", kind, err)
			}
		}
	})
}
