package settings

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

var joinPolicies = []ui.Choice{
	{Value: community.JoinByInvite, Label: i18n.Key("With an invite")}, {Value: community.JoinOpen, Label: i18n.Key("Open to all, also without an invite")},
}

func (h *handlers) showJoining(v *ui.Request) error {
	s := v.Community.Settings.Joining
	return h.renderJoining(v, http.StatusOK, JoiningView{Policy: s.Policy}, s.RequiredFields)
}

func (h *handlers) renderJoining(v *ui.Request, status int, view JoiningView, asked []string) (err error) {
	view.Page, err = h.Page(v, i18n.Key("Joining"), "joining", i18n.Key("How people become members, and the fields they fill in first."))
	if err != nil {
		return err
	}
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Asked = map[string]bool{}
	for _, f := range fields {
		if !moderation.Askable(f) {
			continue
		}
		view.Asked[f.ID] = slices.Contains(asked, f.ID)
		if f.Default {
			f.Name = v.T(f.Name)
		}
		view.Fields = append(view.Fields, ui.Choice{Value: f.ID, Label: f.Name})
	}
	return ui.Render(v, status, JoiningPage(view))
}

func (h *handlers) changeJoining(v *ui.Request) error {
	joining := community.Joining{Policy: v.PostFormValue("policy")}
	joining.RequiredFields = v.PostForm["fields"]
	_, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, community.Change{Joining: &joining})
	if err == nil {
		return v.Redirect(v.In("/settings/joining"), i18n.Key("Saved"))
	}
	view := JoiningView{Policy: joining.Policy, Errors: ui.FieldErrors(v.Context(), err)}
	if view.Errors == nil {
		return err
	}
	return h.renderJoining(v, http.StatusBadRequest, view, joining.RequiredFields)
}
