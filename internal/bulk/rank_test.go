package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/bulk"
)

func TestWhoImportsGivesAndTakesOnlyRolesBelowTheirOwn(t *testing.T) {
	each(t, func(f *fixture) {
		roles := map[string]auth.Role{}
		for _, in := range []auth.RoleInput{
			{Title: "Low", Order: 2},
			{Title: "Same", Order: 5},
			{Title: "High", Order: 9},
			{Title: "Admin", Order: 5, ServerPermissions: map[string]bool{"server_administrator": true}},
		} {
			role, err := f.auth.CreateRole(f.Context(), command, f.community, in)
			f.ok(err)
			roles[in.Title] = role
		}
		const head = "First Name,Last Name,Username,Email,Role\n"
		f.run(bulk.Import, head+"A,A,admin,admin@example.com,Admin\nB,B,boss,boss@example.com,High\nP,P,plain,plain@example.com,Low\nO,O,owner,owner@example.com,\n", bulk.Options{})
		f.ok(f.members.AddOwner(f.Context(), f.community, f.member("owner").ID))

		const rows = head + "N,N,n1,n1@example.com,Low\n" + "N,N,n2,n2@example.com,Same\n" + "N,N,n3,n3@example.com,High\n" + // new ones
			",,,plain@example.com,Admin\n" + ",,,boss@example.com,Low\n" + ",,,boss@example.com,__CLEAR__\n" + ",,,admin@example.com,Low\n" +
			",,,boss@example.com,High\n" + ",,,plain@example.com,__CLEAR__\n" + ",,,owner@example.com,Low\n"
		admin := auth.Actor{Kind: auth.Session, AccountID: f.member("admin").ID, Name: "admin"}
		key, _, err := f.auth.CreateUserKey(f.Context(), admin, auth.KeyInput{Name: "sync", Permissions: []auth.Permission{auth.BulkUpdateUser}})
		f.ok(err)
		gone, _, err := f.auth.CreateUserKey(f.Context(), admin, auth.KeyInput{Name: "old", Permissions: []auth.Permission{auth.BulkUpdateUser}})
		f.ok(err)
		f.ok(f.auth.DeleteUserKey(f.Context(), admin.AccountID, gone.ID))
		above := map[int]string{3: "role_above_rank", 4: "role_above_rank", 5: "role_above_rank", 6: "role_above_rank", 7: "role_above_rank", 8: "role_above_rank", 11: "role_above_rank"}
		none := map[int]string{2: "role_above_rank", 10: "role_above_rank"}
		for line, code := range above {
			none[line] = code
		}
		for _, c := range []struct {
			name  string
			actor auth.Actor
			codes map[int]string
		}{
			{"a person", admin, above},
			{"a person's key", auth.Actor{Kind: auth.UserKey, KeyID: key.ID, AccountID: admin.AccountID}, above},
			{"a person's key that is gone", auth.Actor{Kind: auth.UserKey, KeyID: gone.ID, AccountID: admin.AccountID}, none},
			{"somebody who has left", auth.Actor{Kind: auth.Session, AccountID: "0123456789abcdef01234567"}, none},
			{"a key of the community", f.key(), nil},
		} {
			in := f.input(bulk.Import, rows, bulk.Options{DryRun: true})
			in.Actor = c.actor
			s, err := f.bulk.Start(f.Context(), in)
			f.ok(err)
			codes := f.codes(f.work(s))
			if d := cmp.Diff(c.codes, codes); d != "" && len(c.codes)+len(codes) > 0 {
				f.Errorf("%s: %s", c.name, d)
			}
		}
	})
}

func (f *fixture) key() auth.Actor {
	f.Helper()
	made, _, err := f.auth.CreateKey(f.Context(), command, f.community, auth.KeyInput{Name: "sync", Permissions: []auth.Permission{auth.All}})
	f.ok(err)
	return auth.Actor{Kind: auth.CommunityKey, KeyID: made.ID, CommunityID: f.community}
}
