package member

import (
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showProfile(v *ui.Request) error {
	return h.renderProfile(v, refusedValue{}, nil)
}

// renderProfile shows a member, with the reason why something was refused.
func (h *handlers) renderProfile(v *ui.Request, typed refusedValue, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	m, err := h.Members.Find(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	p, err := h.Page(v, ui.MemberName(m), "members", "")
	if err != nil {
		return err
	}
	if typed.field == "" {
		p.Alert = refused
	}
	names, err := h.Members.Names(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view := ProfileView{
		Page: p, ID: m.ID, Name: ui.MemberName(m), Username: m.Username, Email: m.Email, Number: m.Number, Owner: m.Owner, Picture: media.Path(v.Community.ID, m.AvatarID),
		Roles: names.RoleNames(m.RoleIDs), Tags: names.TagNames(m.TagIDs), JoinedAt: m.JoinedAt, Values: valuesOf(p.Reader, m, fields),
	}
	may, err := h.Members.MayChange(v.Context(), v.Actor, v.Community.ID, m)
	if err != nil {
		return err
	}
	if err := h.addPresence(v, &view, m, may); err != nil {
		return err
	}
	view.showInputs(m, fields, names, typed)
	view.Sources, view.Fields = historySources(p.Reader), historyFields(p.Reader, fields)
	if err := h.addHistory(v, &view); err != nil {
		return err
	}
	if err := h.addNotes(v, &view); err != nil {
		return err
	}
	if err := h.addRecent(v, &view); err != nil {
		return err
	}
	if !may {
		view.fix()
	}
	return ui.Render(v, status, ProfilePage(view))
}

// addPresence adds when the member was here, and of an unclaimed one when they
// were invited.
func (h *handlers) addPresence(v *ui.Request, view *ProfileView, m member.Member, may bool) error {
	here, err := h.Members.LastVisit(v.Context(), v.Actor, v.Community.ID, m.ID)
	if err != nil {
		return err
	}
	figures, err := h.Members.Figures(v.Context(), v.Actor, v.Community.ID, m)
	if err != nil {
		return err
	}
	view.Figures, view.SignedInAt, view.Unclaimed = figures[m.ID], here.SignedInAt, !m.Claimed()
	if !view.Unclaimed {
		return nil
	}
	if view.InvitedAt, err = h.Moderation.LastInvited(v.Context(), v.Actor, v.Community.ID, m.ID); err != nil {
		return err
	}
	view.InvitableFrom = moderation.InvitableFrom(view.InvitedAt)
	view.MayInvite = may && h.Moderation.MayInviteAgain(v.Context(), v.Actor, v.Community.ID) == nil
	return nil
}

// fix leaves nothing on the page that would be refused.
func (v *ProfileView) fix() {
	v.Fixed = true
	for i := range v.Values {
		v.Values[i].Input = ValueInput{}
	}
	for i := range v.History {
		v.History[i].CanRevert = false
	}
}

// valuesOf returns the values of a profile, default fields first.
func valuesOf(r ui.Reader, m member.Member, fields []field.Field) []Value {
	values := []Value{
		{Name: r.T("First Name"), Text: m.FirstName, Field: field.FirstName},
		{Name: r.T("Last Name"), Text: m.LastName, Field: field.LastName},
		{Name: r.T("Phone"), Text: m.Phone, Field: field.PhoneName},
		{Name: r.T("Country"), Text: r.CountryName(m.Country), Field: field.CountryName},
		{Name: r.T("Language"), Text: r.LanguageName(m.Language), Field: field.LanguageName},
	}
	for _, f := range fields {
		if f.Default {
			continue
		}
		value := Value{Name: f.Name, Text: r.Value(m.Values.Get(f.Field)), Field: f.Field}
		if f.Type == field.URL {
			value.Link = value.Text
		}
		values = append(values, value)
	}
	return values
}
