package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

const listLimit = 50

var (
	inviteUses  = []Choice{{"0", i18n.Key("Any number")}, {"1", i18n.Key("One person")}, {"5", "5"}, {"25", "25"}, {"100", "100"}}
	inviteLives = []Choice{{"0", i18n.Key("Never")}, {"1", i18n.Key("Tomorrow")}, {"7", i18n.Key("In a week")}, {"30", i18n.Key("In 30 days")}}
)

func (c *console) showInvites(v *visit) error {
	return c.renderInvites(v, http.StatusOK, InvitesView{Days: 7})
}

func (c *console) renderInvites(v *visit, status int, view InvitesView) error {
	p, err := c.page(v, i18n.Key("Invites"), "invites", i18n.Key("Addresses that let people join, and who came by them."))
	if err != nil {
		return err
	}
	p.Alert = view.Alert
	view.Page = p
	found, uses, next, err := c.Members.Invites(v.Context(), v.community.ID, v.URL.Query().Get("after"), listLimit)
	if err != nil {
		return err
	}
	names, err := c.addInviteChoices(v, &view)
	if err != nil {
		return err
	}
	manages := c.Access.Can(v.Context(), v.actor, v.community.ID, access.PermManageCommunity) == nil
	for _, i := range found {
		row := InviteRow{
			Code: i.Code, URL: c.Members.InviteURL(i.Code), By: i.CreatedByName, Uses: i.Uses, MaxUses: i.MaxUses,
			CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, State: c.inviteState(i),
			Email: i.Email, Role: names[i.RoleID],
			Takeable: i.RevokedAt == 0 && (manages || i.CreatedBy == v.actor.Ref()),
		}
		for _, u := range uses {
			if u.Code == i.Code && len(row.Joined) < 5 {
				row.Joined = append(row.Joined, InvitedRow{u.ID, u.Username})
			}
		}
		view.Invites = append(view.Invites, row)
	}
	if next != "" {
		view.Next = v.in("/invites?after=" + next)
	}
	return render(v, status, InvitesPage(view))
}

func (c *console) inviteState(i member.Invite) string {
	switch {
	case c.Members.IsOpen(i):
		return "open"
	case i.RevokedAt != 0:
		return "revoked"
	case i.MaxUses != 0 && i.Uses >= i.MaxUses:
		return "used-up"
	}
	return "expired"
}

func (c *console) createInvite(v *visit) error {
	uses, err := strconv.ParseInt(v.PostFormValue("maxUses"), 10, 64)
	if err != nil {
		uses = -1 // refused, with a reason that fits
	}
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 0 || days > 3650 {
		days = -1
	}
	in := member.InviteInput{MaxUses: uses, RoleID: v.PostFormValue("roleId")}
	if days != 0 {
		in.ExpiresAt = c.Clock.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli()
	}
	view := InvitesView{Uses: uses, Days: days, Role: in.RoleID, Emails: v.PostFormValue("emails")}
	if emails := strings.FieldsFunc(view.Emails, betweenEmails); len(emails) > 0 {
		return c.mailInvites(v, view, in, emails)
	}
	made, err := c.Members.CreateInvite(v.Context(), v.actor, v.community.ID, in)
	if err == nil {
		view.Made = c.Members.InviteURL(made.Code)
		return c.renderInvites(v, http.StatusCreated, view)
	}
	if view.Errors = wrongFields(v.Context(), err); view.Errors == nil {
		return err
	}
	return c.renderInvites(v, http.StatusBadRequest, view)
}

// mailInvites mails an invite to each address; how many may join by it is not
// asked then.
func (c *console) mailInvites(v *visit, view InvitesView, in member.InviteInput, emails []string) error {
	in.MaxUses = 1
	made, err := c.Members.MailInvites(v.Context(), v.actor, v.community.ID, in, emails)
	if err == nil {
		return c.renderInvites(v, http.StatusCreated, InvitesView{Uses: view.Uses, Days: view.Days, Mailed: len(made)})
	}
	if view.Errors = wrongFields(v.Context(), err); view.Errors == nil {
		return err
	}
	for i, email := range emails {
		if why := view.Errors[fmt.Sprintf("emails[%d]", i)]; why != "" && view.Errors["emails"] == "" {
			view.Errors["emails"] = v.T("%[1]s: %[2]s", email, why)
		}
	}
	return c.renderInvites(v, http.StatusBadRequest, view)
}

// betweenEmails reports whether addresses are separated by a character.
func betweenEmails(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }

// addInviteChoices adds what a new invite can give, and returns the titles of
// all roles.
func (c *console) addInviteChoices(v *visit, view *InvitesView) (titles map[string]string, err error) {
	view.Mails = c.Mail != nil
	roles, err := c.Members.InvitableRoles(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		view.Roles = append(view.Roles, Choice{r.ID, r.Title})
	}
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	return names.Roles, err
}

func (c *console) revokeInvite(v *visit) error {
	if err := c.Members.RevokeInvite(v.Context(), v.actor, v.community.ID, v.PathValue("code")); err != nil {
		return err
	}
	return v.goTo(v.in("/invites"), i18n.Key("The invite is taken back"))
}
