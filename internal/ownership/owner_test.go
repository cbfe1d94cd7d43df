package ownership_test

import (
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestAnOwnerWhomTheCommunityAddedBeforeIsThatMember(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		added := f.Unclaimed("ada")[0]
		ada := f.NewAccount("Ada@example.com", "lovelace")
		for range 2 {
			f.OK(f.Ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.Community, ada.ID))
		}
		m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "lovelace")
		f.OK(err)
		if m.ID != added.ID || !m.Owner || m.AccountID != ada.ID || m.Email != "Ada@example.com" || f.Total() != 1 {
			f.Errorf("%+v, %d members", m, f.Total())
		}
	})
}
