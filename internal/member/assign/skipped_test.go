package assign_test

import (
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestADeletedRoleOrTagLeavesAllWhomTheDatabaseLets(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cat", "dan", "eve")
		role := f.NewRoles(access.RoleInput{Title: "gone"})["gone"]
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "gone")
		f.OK(err)
		for _, r := range people {
			_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, role.ID, member.Source{Type: "api"})
			f.OK(err)
			f.OK(membertest.AsError(f.Change(r, "tag", "gone")))
		}
		f.RefuseUpdates(people[1], people[4])
		log := f.CaptureLog()
		f.OK(f.Members.DeleteRole(f.Context(), membertest.Command, f.Community, role.ID))
		f.RunJobs()
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, tag.ID))
		f.RunJobs()
		for i, r := range people {
			m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, r.ID)
			f.OK(err)
			names, err := f.Members.Names(f.Context(), membertest.Command, f.Community)
			f.OK(err)
			kept := i == 1 || i == 4
			if slices.Contains(m.RoleIDs, role.ID) != kept || slices.Contains(m.TagIDs, tag.ID) != kept || len(names.TagsOf(&m)) != 0 {
				t.Errorf("%d: roles %v tags %v", i, m.RoleIDs, m.TagIDs)
			}
		}
		f.CheckSkipped(log, []string{"remove role", "remove tag"}, people[1], people[4])
	})
}
