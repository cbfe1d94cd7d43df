package bulk_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/moderation"
)

func TestImportAssignsOnlyRolesBelowTheActor(t *testing.T) {
	each(t, func(f *fixture) {
		roles := map[string]access.Role{}
		for _, in := range []access.RoleInput{
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
		const secret = "a long enough password!"
		acct, err := f.accounts.CreateAccount(f.Context(), signin.Input{Email: "admin@example.com", Username: "admin", Password: secret})
		f.ok(err)
		f.run(bulk.Import, head+"A,A,admin,admin@example.com,Admin\nB,B,boss,boss@example.com,High\nP,P,plain,plain@example.com,Low\nO,O,owner,owner@example.com,\n", bulk.Options{})
		f.ok(f.ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.community, f.claim("owner").AccountID))
		f.ok(f.moderation.Join(f.Context(), actor.Actor{Kind: actor.Session, AccountID: acct.ID, Name: "admin"}, f.community, moderation.JoinInput{}))

		const rows = head + "N,N,n1,n1@example.com,Low\n" + "N,N,n2,n2@example.com,Same\n" + "N,N,n3,n3@example.com,High\n" + // new ones
			",,,plain@example.com,Admin\n" + ",,,boss@example.com,Low\n" + ",,,boss@example.com,__CLEAR__\n" + ",,,admin@example.com,Low\n" +
			",,,boss@example.com,High\n" + ",,,plain@example.com,__CLEAR__\n" + ",,,owner@example.com,Low\n"
		token, _, err := f.accounts.SignIn(f.Context(), "admin", secret, account.SessionInfo{})
		f.ok(err)
		admin, err := f.auth.Authenticate(f.Context(), token)
		f.ok(err)
		key, _, err := f.auth.CreateUserKey(f.Context(), admin, account.Proof{}, access.KeyInput{Name: "sync", Permissions: []actor.Permission{permission.BulkUpdateUser}})
		f.ok(err)
		above := map[int]string{3: "role_above_rank", 4: "role_above_rank", 5: "role_above_rank", 6: "role_above_rank", 7: "role_above_rank", 8: "role_above_rank", 11: "role_above_rank"}
		few, _, err := f.auth.CreateKey(f.Context(), command, f.community, access.KeyInput{Name: "few", Permissions: []actor.Permission{permission.BulkUpdateUser}})
		f.ok(err)
		server := map[int]string{5: "role_above_rank", 8: "role_above_rank"}
		for _, c := range []struct {
			name  string
			actor actor.Actor
			codes map[int]string
		}{
			{"a person", admin, above},
			{"a person's key", actor.Actor{Kind: actor.UserKey, KeyID: key.ID, AccountID: admin.AccountID, Permissions: key.Permissions}, above},
			{"a key that does not manage roles", actor.Actor{Kind: actor.CommunityKey, KeyID: few.ID, CommunityID: f.community, CreatedBy: few.CreatedBy, Permissions: few.Permissions}, server},
			{"a key of the community", f.key(), nil},
		} {
			in := f.input(bulk.Import, rows, bulk.Options{DryRun: true})
			in.Actor = c.actor
			s, err := f.startUpload(f.Context(), in)
			f.ok(err)
			codes := f.codes(f.work(s))
			if d := cmp.Diff(c.codes, codes); d != "" && len(c.codes)+len(codes) > 0 {
				f.Errorf("%s: %s", c.name, d)
			}
		}
	})
}

// ranked creates members of different ranks and returns one with permissions for
// those below.
func (f *fixture) ranked() actor.Actor {
	f.Helper()
	for title, in := range map[string]access.RoleInput{
		"High": {Order: 9}, "Admin": {Order: 5, ServerPermissions: map[string]bool{"server_administrator": true}}, "Low": {Order: 2},
	} {
		in.Title = title
		_, err := f.auth.CreateRole(f.Context(), command, f.community, in)
		f.ok(err)
	}
	f.run(bulk.Import, "First Name,Last Name,Username,Email,Role\nA,A,admin,admin@example.com,Admin\nB,B,boss,boss@example.com,High\nL,L,low,low@example.com,Low\nO,O,owner,owner@example.com,\n", bulk.Options{})
	f.ok(f.ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.community, f.claim("owner").AccountID))
	return f.claim("admin")
}

func TestMembersAboveTheActorOfAJobAreNotChanged(t *testing.T) {
	each(t, func(f *fixture) {
		admin := f.ranked()
		const rows = "Email,First Name,Last Name,Username,Country\nboss@example.com,,,,DE\nowner@example.com,,,,DE\nlow@example.com,,,,DE\nadmin@example.com,,,,DE\nboss@example.com,B,,,\nnew@example.com,N,N,new,DE\n"
		for _, c := range []struct {
			typ   bulk.Type
			rows  string
			actor actor.Actor
			codes map[int]string
		}{
			{bulk.Import, rows, admin, map[int]string{2: "member_above_rank", 3: "member_above_rank"}},
			{bulk.Update, "Email,Country\nboss@example.com,FR\nlow@example.com,FR\n", admin, map[int]string{2: "member_above_rank"}},
			{bulk.Import, strings.ReplaceAll(rows, "DE", "JP"), f.key(), nil},
		} {
			for _, dry := range []bool{true, false} {
				in := f.input(c.typ, c.rows, bulk.Options{DryRun: dry})
				in.Actor = c.actor
				s, err := f.startUpload(f.Context(), in)
				f.ok(err)
				if codes := f.codes(f.work(s)); len(c.codes)+len(codes) > 0 && cmp.Diff(c.codes, codes) != "" {
					f.Errorf("%s, dry %v: %v", c.typ, dry, codes)
				}
			}
		}
		for who, want := range map[string]string{"boss": "JP", "owner": "JP", "low": "JP", "admin": "JP", "new": "JP"} {
			if got := f.member(who).Country; got != want {
				f.Errorf("%s: %q", who, got)
			}
		}
	})
}

func TestUndoDoesNotChangeMembersAboveItsActor(t *testing.T) {
	each(t, func(f *fixture) {
		admin := f.ranked()
		s := f.run(bulk.Update, "Email,Country\nboss@example.com,FR\nlow@example.com,FR\n", bulk.Options{})
		undo, err := f.bulk.Undo(f.Context(), admin, f.community, s.JobID, "")
		f.ok(err)
		undo = f.work(undo)
		kept := f.details(undo, bulk.DetailFilter{Outcome: "skipped"})
		if len(kept) != 1 || kept[0].Errors[0].Code != "member_above_rank" || f.member("boss").Country != "FR" || f.member("low").Country != "" {
			f.Errorf("%+v, boss %q, low %q", kept, f.member("boss").Country, f.member("low").Country)
		}
	})
}

// key returns a key with permissions, all of them by default.
func (f *fixture) key(permissions ...actor.Permission) actor.Actor {
	f.Helper()
	if len(permissions) == 0 {
		permissions = []actor.Permission{actor.PermAll}
	}
	made, _, err := f.auth.CreateKey(f.Context(), command, f.community, access.KeyInput{Name: "sync", Permissions: permissions})
	f.ok(err)
	return actor.Actor{Kind: actor.CommunityKey, KeyID: made.ID, CommunityID: f.community, CreatedBy: made.CreatedBy, Permissions: made.Permissions}
}
