package home

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

// addition is the membership of one community that the person has to decide
// about.
func (h *handlers) addition(v *ui.Request, communityID string) (found member.Addition, ok bool, err error) {
	all, err := h.Moderation.Additions(v.Context(), v.Actor)
	for _, one := range all {
		if one.CommunityID == communityID {
			return one, true, err
		}
	}
	return member.Addition{}, false, err
}

func (h *handlers) acceptAddition(v *ui.Request) error {
	communityID := v.PathValue("community")
	if err := v.Actor.RequireUnlimited(); err != nil {
		return err
	}
	a, ok, err := h.addition(v, communityID)
	if err != nil {
		return err
	}
	if !ok {
		return errDecided()
	}
	err = h.Moderation.Join(v.Context(), v.Actor, communityID, moderation.JoinInput{})
	if err != nil && !errs.Is(err, "already_member") {
		return err
	}
	return v.Redirect("/c/"+communityID+"/", v.T("You are now a member of %s", a.Community))
}

func (h *handlers) declineAddition(v *ui.Request) error {
	communityID := v.PathValue("community")
	if err := v.Actor.RequireUnlimited(); err != nil {
		return err
	}
	a, ok, err := h.addition(v, communityID)
	if err != nil {
		return err
	}
	if ok {
		err = h.Moderation.Decline(v.Context(), v.Actor, communityID)
	}
	if !ok || errs.KindOf(err) == errs.NotFound {
		return errDecided()
	}
	if err != nil {
		return err
	}
	return v.Redirect("/?all=1", v.T("You declined. %s removed its data about you.", a.Community))
}

func errDecided() error {
	return errs.New(errs.Gone, "link_expired", "This membership was accepted, declined or removed.")
}
