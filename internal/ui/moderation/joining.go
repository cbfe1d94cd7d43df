package moderation

import (
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

var yesOrNo = []ui.Choice{{Value: "", Label: "–"}, {Value: "true", Label: i18n.Key("Yes")}, {Value: "false", Label: i18n.Key("No")}}

func (h *handlers) showJoin(v *ui.Request) error { return h.renderJoin(v, nil, nil) }

// renderJoin shows the page of an invite, with the submitted values and the
// error if there is a cause.
func (h *handlers) renderJoin(v *ui.Request, given map[string][]string, cause error) error {
	p, err := h.Page(v, i18n.Key("Join"), "", "")
	if err != nil {
		return err
	}
	view := JoinView{Page: p, Signed: v.Actor.Kind == actor.Session, Register: h.Accounts.RegistrationOpen()}
	invitation, gone := h.Moderation.Invitation(v.Context(), v.PathValue("code"))
	home := invitation.Home
	if view.Signed && home.ID != "" {
		_, err := h.Members.Self(v.Context(), v.Actor, home.ID)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		view.Joined = err == nil
		if view.Added, view.AddedAs, err = h.addedHere(v, home.ID); err != nil {
			return err
		}
	}
	if gone != nil && !(view.Joined && errs.KindOf(gone) == errs.Gone) { // the last use may have been theirs
		return h.renderNoInvite(v, view, gone)
	}
	view.Code, view.Name, view.Members, view.Inviter = invitation.Code, home.Name, home.Members, invitation.CreatedByName
	view.Logo, view.Community.Accent, view.Address = media.Path(home.ID, home.Settings.Logo), home.Settings.Accent, "/c/"+home.ID+"/"
	if !view.Added {
		view.Asks = asks(v, invitation, given, ui.FieldErrors(v.Context(), cause))
	}
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if ui.FieldErrors(v.Context(), cause) == nil {
		view.Alert = said
	}
	return ui.Render(v, status, JoinPage(view))
}

func (h *handlers) renderNoInvite(v *ui.Request, view JoinView, cause error) error {
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view.Alert = said
	return ui.Render(v, status, JoinPage(view))
}

// addedHere reports whether the community added the person without an answer
// yet, and the username it chose.
func (h *handlers) addedHere(v *ui.Request, communityID string) (added bool, username string, err error) {
	all, err := h.Moderation.Additions(v.Context(), v.Actor)
	for _, one := range all {
		if one.CommunityID == communityID {
			return true, one.Username, err
		}
	}
	return false, "", err
}

// asks are the inputs for the required fields of the community.
func asks(v *ui.Request, invitation moderation.Invitation, given map[string][]string, wrong map[string]string) []Ask {
	asks := make([]Ask, len(invitation.Asks))
	for i, f := range invitation.Asks {
		asks[i] = ask(v, f, given[f.ID], wrong["fields."+f.ID]+wrong["fields."+f.Field])
	}
	return asks
}

func ask(v *ui.Request, f field.Field, given []string, wrong string) Ask {
	a := Ask{Field: ui.Field{Name: f.ID, Label: v.T(f.Name), Value: strings.Join(given, ", "), Help: f.Description, Error: wrong, Required: true}, Chosen: map[string]bool{}}
	if !f.Default {
		a.Label = f.Name
	}
	for _, one := range given {
		a.Chosen[one] = true
	}
	switch f.Type {
	case field.Boolean:
		a.Choices = yesOrNo
	case field.Select:
		a.Choices = []ui.Choice{{Value: "", Label: "–"}}
	case field.MultiSelect:
		a.Several, a.Required = true, false
	case field.Date:
		a.Type = "date"
	case field.Numerical:
		a.Mode = "decimal"
	case field.URL:
		a.Type = "url"
	case field.Country:
		a.Help = v.T("A name or two letters, such as GB.")
	}
	for _, option := range f.Options {
		a.Choices = append(a.Choices, ui.Choice{Value: option, Label: option})
	}
	return a
}

func (h *handlers) join(v *ui.Request) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.")
	}
	invitation, err := h.Moderation.Invitation(v.Context(), v.PathValue("code"))
	if err != nil {
		return h.renderJoin(v, nil, err)
	}
	how := moderation.JoinInput{InviteCode: invitation.Code}
	added, _, err := h.addedHere(v, invitation.CommunityID)
	if err != nil {
		return err
	}
	if added { // an acceptance needs no fields
		v.PostForm = nil
	}
	for _, fieldID := range invitation.Home.Settings.Joining.RequiredFields {
		switch given := v.PostForm[fieldID]; {
		case len(given) == 1:
			how.Fields = append(how.Fields, member.FieldValue{Field: fieldID, Value: given[0]})
		case len(given) > 1:
			list := make([]any, len(given))
			for i, one := range given {
				list[i] = one
			}
			how.Fields = append(how.Fields, member.FieldValue{Field: fieldID, Value: list})
		}
	}
	err = h.Moderation.Join(v.Context(), v.Actor, invitation.CommunityID, how)
	if err != nil && !errs.Is(err, "already_member") {
		return h.renderJoin(v, v.PostForm, err)
	}
	return v.Redirect("/join/"+invitation.Code, "")
}
