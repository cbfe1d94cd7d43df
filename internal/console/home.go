package console

import (
	"net/http"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/community"
)

func (c *console) showHome(v *visit) error {
	p, err := c.page(v, "Communities", "", "")
	if err != nil {
		return err
	}
	additions, err := c.Members.Additions(v.Context(), v.actor)
	if err != nil {
		return err
	}
	// Who has one community only wants to be there; who may make others comes
	// back by the link in the rail.
	if len(additions) == 0 && len(p.Others) == 1 && v.URL.Query().Get("all") == "" && c.Access.Can(v.Context(), v.actor, p.Others[0].ID, access.PermAnyMember) == nil {
		return v.goTo("/c/"+p.Others[0].ID+"/", p.Toast)
	}
	return c.renderHome(v, http.StatusOK, HomeView{Page: p, Additions: additions})
}

func (c *console) renderHome(v *visit, status int, view HomeView) error {
	view.MayCreate = c.Access.CanCreateCommunity(v.actor) == nil
	var err error
	if view.Deleted, err = c.deletedOf(v); err != nil {
		return err
	}
	if view.Offers, err = c.offersTo(v); err != nil {
		return err
	}
	if view.Operator {
		if view.DeadJobs, err = c.countDeadJobs(v); err != nil {
			return err
		}
	}
	for _, one := range view.Others {
		n, err := c.Members.Count(v.Context(), one.ID)
		if err != nil {
			return err
		}
		one.Members = n
		view.Choices = append(view.Choices, one)
	}
	if len(view.Choices) > 0 {
		view.Help = v.T("Where do you want to go?")
	}
	return render(v, status, HomePage(view))
}

// countDeadJobs is how many jobs of the installation were given up.
func (c *console) countDeadJobs(v *visit) (n int64, err error) {
	kinds, err := c.Jobs.KindStats(v.Context())
	for _, k := range kinds {
		n += k.Dead
	}
	return n, err
}

func (c *console) createCommunity(v *visit) error {
	name := v.PostFormValue("name")
	made, err := c.Access.CreateCommunity(v.Context(), v.actor, community.Input{Name: name})
	if wrong := wrongFields(v.Context(), err); wrong != nil {
		p, err := c.page(v, "Communities", "", "")
		if err != nil {
			return err
		}
		additions, err := c.Members.Additions(v.Context(), v.actor)
		if err != nil {
			return err
		}
		return c.renderHome(v, http.StatusBadRequest, HomeView{Page: p, Additions: additions, Name: name, Errors: wrong})
	}
	if err != nil {
		return err
	}
	return v.goTo("/c/"+made.ID+"/members", v.T("%s is made", made.Name))
}
