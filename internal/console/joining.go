package console

import (
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

var yesOrNo = []Choice{{"", "–"}, {"true", i18n.Key("Yes")}, {"false", i18n.Key("No")}}

func (c *console) showJoin(v *visit) error { return c.renderJoin(v, nil, nil) }

// renderJoin shows the page of an invite, again with what was wrong when there
// is a cause. given are the values that were sent.
func (c *console) renderJoin(v *visit, given map[string][]string, cause error) error {
	p, err := c.page(v, i18n.Key("Join"), "", "")
	if err != nil {
		return err
	}
	view := JoinView{Page: p, Signed: v.actor.Kind == actor.Session, Register: c.Accounts.RegistrationOpen()}
	invitation, gone := c.Members.Invitation(v.Context(), v.PathValue("code"))
	home := invitation.Home
	if view.Signed && home.ID != "" {
		known, err := member.Memberships{}.ByAccount(v.Context(), c.DB, home.ID, v.actor.AccountID)
		if err != nil {
			return err
		}
		view.Joined = known.Member
		if view.Added, view.AddedAs, err = c.addedHere(v, home.ID); err != nil {
			return err
		}
	}
	if gone != nil && !(view.Joined && errs.KindOf(gone) == errs.Gone) { // the last use may have been theirs
		return c.renderNoInvite(v, view, gone)
	}
	view.Code, view.Name, view.Members, view.Inviter = invitation.Code, home.Name, home.Members, invitation.CreatedByName
	view.Logo, view.Community.Accent, view.Address = media.Path(home.ID, home.Settings.Logo), home.Settings.Accent, "/c/"+home.ID+"/"
	if !view.Added {
		if view.Asks, err = c.asks(v, invitation, given, wrongFields(v.Context(), cause)); err != nil {
			return err
		}
	}
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if wrongFields(v.Context(), cause) == nil {
		view.Alert = said
	}
	return render(v, status, JoinPage(view))
}

func (c *console) renderNoInvite(v *visit, view JoinView, cause error) error {
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	view.Alert = said
	return render(v, status, JoinPage(view))
}

// addedHere reports whether the community added the person, who has not decided
// about it, and the username it gave.
func (c *console) addedHere(v *visit, communityID string) (added bool, username string, err error) {
	a, added, err := c.addition(v, communityID)
	return added, a.Username, err
}

// asks are the fields that the community asks for.
func (c *console) asks(v *visit, invitation member.Invitation, given map[string][]string, wrong map[string]string) ([]Ask, error) {
	required := invitation.Home.Settings.Joining.RequiredFields
	if len(required) == 0 {
		return nil, nil
	}
	fields, err := c.Fields.List(v.Context(), invitation.CommunityID)
	if err != nil {
		return nil, err
	}
	var asks []Ask
	for _, fieldID := range required {
		for _, f := range fields {
			if f.ID == fieldID {
				asks = append(asks, ask(v, f, given[f.ID], wrong["fields."+f.ID]+wrong["fields."+f.Field]))
			}
		}
	}
	return asks, nil
}

func ask(v *visit, f field.Field, given []string, wrong string) Ask {
	a := Ask{Field: Field{Name: f.ID, Label: v.T(f.Name), Value: strings.Join(given, ", "), Help: f.Description, Error: wrong, Required: true}, Chosen: map[string]bool{}}
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
		a.Choices = []Choice{{"", "–"}}
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
		a.Choices = append(a.Choices, Choice{option, option})
	}
	return a
}

func (c *console) join(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.")
	}
	invitation, err := c.Members.Invitation(v.Context(), v.PathValue("code"))
	if err != nil {
		return c.renderJoin(v, nil, err)
	}
	how := member.JoinHow{InviteCode: invitation.Code}
	added, _, err := c.addedHere(v, invitation.CommunityID)
	if err != nil {
		return err
	}
	if added { // accepts what the community stored, which asks for no field
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
	err = c.Members.Join(v.Context(), v.actor, invitation.CommunityID, how)
	if err != nil && !errs.Is(err, "already_member") {
		return c.renderJoin(v, v.PostForm, err)
	}
	return v.goTo("/join/"+invitation.Code, "")
}
