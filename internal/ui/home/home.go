package home

import (
	"net/http"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showHome(v *ui.Request) error {
	p, err := h.Page(v, "Communities", "", "")
	if err != nil {
		return err
	}
	additions, err := h.Moderation.Additions(v.Context(), v.Actor)
	if err != nil {
		return err
	}
	// With a single community, the list is skipped; the rail links to it.
	if len(additions) == 0 && len(p.Others) == 1 && v.URL.Query().Get("all") == "" && h.Access.Can(v.Context(), v.Actor, p.Others[0].ID, permission.AnyMember) == nil {
		return v.Redirect("/c/"+p.Others[0].ID+"/", p.Toast)
	}
	return h.renderHome(v, http.StatusOK, HomeView{Page: p, Additions: additions})
}

func (h *handlers) renderHome(v *ui.Request, status int, view HomeView) error {
	view.MayCreate = h.Access.CanCreateCommunity(v.Actor) == nil
	var err error
	if view.Deleted, err = h.deletedOf(v); err != nil {
		return err
	}
	if view.Offers, err = h.offersTo(v); err != nil {
		return err
	}
	if v.Actor.RequireInstallationOwner() == nil {
		if view.DeadJobs, err = h.countDeadJobs(v); err != nil {
			return err
		}
	}
	for _, one := range view.Others {
		n, err := h.Members.Count(v.Context(), v.Actor, one.ID)
		if err != nil && errs.KindOf(err) != errs.Forbidden {
			return err
		}
		one.Members = n
		view.Choices = append(view.Choices, one)
	}
	if len(view.Choices) > 0 {
		view.Help = v.T("Choose a community")
	}
	return ui.Render(v, status, HomePage(view))
}

// countDeadJobs counts dead jobs of the installation.
func (h *handlers) countDeadJobs(v *ui.Request) (n int64, err error) {
	kinds, err := h.Jobs.KindStats(v.Context())
	for _, k := range kinds {
		n += k.Dead
	}
	return n, err
}

func (h *handlers) createCommunity(v *ui.Request) error {
	name := v.PostFormValue("name")
	made, err := h.Access.CreateCommunity(v.Context(), v.Actor, community.Input{Name: name})
	if wrong := ui.FieldErrors(v.Context(), err); wrong != nil {
		p, err := h.Page(v, "Communities", "", "")
		if err != nil {
			return err
		}
		additions, err := h.Moderation.Additions(v.Context(), v.Actor)
		if err != nil {
			return err
		}
		return h.renderHome(v, http.StatusBadRequest, HomeView{Page: p, Additions: additions, Name: name, Errors: wrong})
	}
	if err != nil {
		return err
	}
	return v.Redirect("/c/"+made.ID+"/overview", v.T("%s created", made.Name))
}

func (h *handlers) restoreCommunity(v *ui.Request) error {
	restored, err := h.Ownership.RestoreCommunity(v.Context(), v.Actor, v.PathValue("community"), h.Communities.ErasureCutoff())
	if err != nil {
		return err
	}
	return v.Redirect("/c/"+restored.ID+"/overview", i18n.Key("Community restored"))
}

// deletedOf are the communities that the person can restore.
func (h *handlers) deletedOf(v *ui.Request) ([]DeletedRow, error) {
	homes, err := h.Members.SummariesOf(v.Context(), v.Actor, true, h.Communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	var rows []DeletedRow
	for _, home := range homes {
		rows = append(rows, DeletedRow{home.ID, home.Name, h.Communities.ErasedAt(home.Community)})
	}
	return rows, nil
}
