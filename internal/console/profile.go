package console

import (
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

func (c *console) showProfile(v *visit) error { return c.renderProfile(v, refusedValue{}, nil) }

// renderProfile shows a member, with the reason why something was refused.
func (c *console) renderProfile(v *visit, typed refusedValue, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	m, err := c.Members.Find(v.Context(), v.community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	p, err := c.page(v, nameOf(m), "members", "")
	if err != nil {
		return err
	}
	if typed.field == "" {
		p.Alert = refused
	}
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := ProfileView{
		Page: p, ID: m.ID, Name: nameOf(m), Username: m.Username, Email: m.Email, Number: m.Number, Owner: m.Owner, Picture: media.Path(v.community.ID, m.Avatar),
		Roles: named(m.RoleIDs, names.Roles), Tags: named(m.TagIDs, names.Tags), JoinedAt: m.JoinedAt, Values: valuesOf(p.Reader, m, fields),
	}
	may, err := c.Members.MayChange(v.Context(), v.actor, v.community.ID, m)
	if err != nil {
		return err
	}
	if err := c.addPresence(v, &view, m, may); err != nil {
		return err
	}
	view.showInputs(m, fields, names, typed)
	view.Sources, view.Fields = historySources(p.Reader), historyFields(p.Reader, fields)
	if err := c.addHistory(v, &view); err != nil {
		return err
	}
	if !may {
		view.fix()
	}
	return render(v, status, ProfilePage(view))
}

// addPresence adds when the member was here, and of an unclaimed one when they
// were invited.
func (c *console) addPresence(v *visit, view *ProfileView, m member.Member, may bool) error {
	here, err := c.Members.LastVisit(v.Context(), v.community.ID, m.ID)
	if err != nil {
		return err
	}
	view.SeenAt, view.SignedInAt, view.Unclaimed = here.SeenAt, here.SignedInAt, !m.Claimed()
	if !view.Unclaimed {
		return nil
	}
	if view.InvitedAt, err = c.Members.LastInvited(v.Context(), v.community.ID, m.ID); err != nil {
		return err
	}
	view.InvitableFrom = member.InvitableFrom(view.InvitedAt)
	view.MayInvite = may && c.Members.MayInviteAgain(v.Context(), v.actor, v.community.ID) == nil
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

// valuesOf is what the profile says of a member, first what everybody has.
func valuesOf(r Reader, m member.Member, fields []field.Field) []Value {
	values := []Value{
		{Name: r.T("First Name"), Text: m.FirstName, Field: field.FirstName},
		{Name: r.T("Last Name"), Text: m.LastName, Field: field.LastName},
		{Name: r.T("Phone"), Text: m.Phone, Field: field.PhoneName},
		{Name: r.T("Country"), Text: r.country(m.Country), Field: field.CountryName},
		{Name: r.T("Language"), Text: r.language(m.Language), Field: field.LanguageName},
	}
	for _, f := range fields {
		if f.Default {
			continue
		}
		value := Value{Name: f.Name, Text: r.value(m.Fields[f.Field]), Field: f.Field}
		if f.Type == field.URL {
			value.Link = value.Text
		}
		values = append(values, value)
	}
	return values
}
