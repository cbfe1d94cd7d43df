package access_test

import (
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestKeyOfAnUnclaimedMemberIsRejected(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		_, secret, err := w.CreateKey(t.Context(), command, home, access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		member := actor.Actor{Kind: actor.Session, MemberID: "6a21d1c09f3b0c4d5e6f7a8b", OnlyCommunity: home}
		if _, err := db.Exec(t.Context(), "UPDATE api_keys SET created_by = $1", member.Ref()); err != nil {
			t.Fatal(err)
		}
		key, err := w.Authenticate(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		mustFail(t, "a key", w.Can(t.Context(), key, home, permission.GetUserData), errs.Forbidden, "key_maker_gone")
	})
}
