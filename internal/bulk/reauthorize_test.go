package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/member"
)

func TestJobEndsWhenItsActorLosesThePermission(t *testing.T) {
	each(t, func(f *fixture) {
		role, err := f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: "Admin", Order: 5, ServerPermissions: map[string]bool{"server_administrator": true}})
		f.ok(err)
		f.run(bulk.Import, "First Name,Last Name,Username,Email,Role\nA,A,admin,admin@example.com,Admin\n", bulk.Options{})
		admin := f.claim("admin")
		key := f.key()
		theirs, _, err := f.auth.CreateKey(f.Context(), admin, f.community, access.KeyInput{Name: "theirs", Permissions: []actor.Permission{actor.PermAll}})
		f.ok(err)
		promote := func() {
			_, err := f.members.AddRole(f.Context(), command, f.community, f.member("admin").ID, role.ID, member.Source{Type: "api"})
			f.ok(err)
		}
		demote := func() {
			_, err := f.members.RemoveRole(f.Context(), command, f.community, f.member("admin").ID, role.ID, member.Source{Type: "api"})
			f.ok(err)
		}
		for _, c := range []struct {
			name   string
			actor  actor.Actor
			change func()
		}{
			{"a key that is switched off", key, func() {
				_, err := f.auth.UpdateKey(f.Context(), command, f.community, key.KeyID, access.KeyChange{Active: new(false)})
				f.ok(err)
			}},
			{"a key that is deleted", key, func() { f.ok(f.auth.DeleteKey(f.Context(), command, f.community, key.KeyID)) }},
			{"a key whose maker is an administrator no more", actor.Actor{Kind: actor.CommunityKey, KeyID: theirs.ID, CommunityID: f.community, CreatedBy: theirs.CreatedBy, Permissions: theirs.Permissions}, demote},
			{"an administrator who is one no more", admin, demote},
			{"somebody who is not here", actor.Actor{Kind: actor.Session, AccountID: "0123456789abcdef01234567", InstallationOwner: true}, func() {}},
			{"nobody, where that is not open", actor.Actor{Kind: actor.Open}, func() { f.openImports(false) }},
		} {
			promote()
			f.openImports(true)
			in := f.input(bulk.Import, people, bulk.Options{})
			in.Actor = c.actor
			s, err := f.startUpload(f.Context(), in)
			f.ok(err)
			c.change()
			if s = f.work(s); s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "not_allowed_any_more" || f.count() != 1 {
				f.Errorf("%s: %s %+v, %d members", c.name, s.Status, s.Error, f.count())
			}
		}
	})
}

func TestUndoIsLimitedToTheAuthorityOfItsActor(t *testing.T) {
	each(t, func(f *fixture) {
		for _, in := range []access.RoleInput{
			{Title: "Low", Order: 2},
			{Title: "High", Order: 9},
			{Title: "Admin", Order: 5, ServerPermissions: map[string]bool{"server_administrator": true}},
		} {
			_, err := f.auth.CreateRole(f.Context(), command, f.community, in)
			f.ok(err)
		}
		const head = "First Name,Last Name,Username,Email,Role\n"
		f.run(bulk.Import, head+"A,A,admin,admin@example.com,Admin\nB,B,boss,boss@example.com,High\nP,P,plain,plain@example.com,\n", bulk.Options{})
		s := f.run(bulk.Import, head+",,,boss@example.com,Low\n,,,plain@example.com,Low\nN,N,new,new@example.com,High\nM,M,min,min@example.com,Low\n", bulk.Options{})
		f.want(s, bulk.Completed, 2, 2, 0, 0, 0)
		admin := f.claim("admin")
		undo, err := f.bulk.Undo(f.Context(), admin, f.community, s.JobID, "")
		f.ok(err)
		undo = f.work(undo)
		kept := map[int]string{}
		for _, d := range f.details(undo, bulk.DetailFilter{}) {
			for _, p := range d.Errors {
				kept[d.Line] = p.Code
			}
		}
		if d := cmp.Diff(map[int]string{2: "role_above_rank", 4: "role_above_rank"}, kept); d != "" {
			f.Error(d)
		}
		if f.count() != 4 || len(f.member("plain").RoleIDs) != 0 || f.member("new").Username != "new" {
			f.Errorf("%d members", f.count())
		}
	})
}
