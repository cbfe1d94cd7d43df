package moderation

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

var (
	inviteUses  = []ui.Choice{{Value: "0", Label: i18n.Key("Any number")}, {Value: "1", Label: i18n.Key("One person")}, {Value: "5", Label: "5"}, {Value: "25", Label: "25"}, {Value: "100", Label: "100"}}
	inviteLives = []ui.Choice{{Value: "0", Label: i18n.Key("Never")}, {Value: "1", Label: i18n.Key("Tomorrow")}, {Value: "7", Label: i18n.Key("In a week")}, {Value: "30", Label: i18n.Key("In 30 days")}}
)

func (h *handlers) showInvites(v *ui.Request) error {
	return h.renderInvites(v, http.StatusOK, InvitesView{Days: 7})
}

func (h *handlers) renderInvites(v *ui.Request, status int, view InvitesView) error {
	p, err := h.Page(v, i18n.Key("Invites"), "invites", i18n.Key("Links to join, with the members they admitted."))
	if err != nil {
		return err
	}
	p.Alert = view.Alert
	view.Page = p
	found, uses, next, err := h.Moderation.Invites(v.Context(), v.Actor, v.Community.ID, v.URL.Query().Get("after"), ui.ListLimit)
	if err != nil {
		return err
	}
	names, err := h.addInviteChoices(v, &view)
	if err != nil {
		return err
	}
	manages := h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.ManageCommunity) == nil
	for _, i := range found {
		row := InviteRow{
			Code: i.Code, URL: h.Moderation.InviteURL(i.Code), By: i.CreatedByName, Uses: i.Uses, MaxUses: i.MaxUses,
			CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, State: h.inviteState(i),
			Email: i.Email, Role: names[i.RoleID],
			Revocable: i.RevokedAt == 0 && (manages || i.CreatedBy == v.Actor.Ref()),
		}
		for _, u := range uses {
			if u.Code == i.Code && len(row.Joined) < 5 {
				row.Joined = append(row.Joined, InvitedRow{u.ID, u.Username})
			}
		}
		view.Invites = append(view.Invites, row)
	}
	if next != "" {
		view.Next = v.In("/invites?after=" + next)
	}
	return ui.Render(v, status, InvitesPage(view))
}

func (h *handlers) inviteState(i moderation.Invite) string {
	switch {
	case h.Moderation.IsOpen(i):
		return "open"
	case i.RevokedAt != 0:
		return "revoked"
	case i.MaxUses != 0 && i.Uses >= i.MaxUses:
		return "used-up"
	}
	return "expired"
}

func (h *handlers) createInvite(v *ui.Request) error {
	uses, err := strconv.ParseInt(v.PostFormValue("maxUses"), 10, 64)
	if err != nil {
		uses = -1 // refused, with a reason that fits
	}
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 0 || days > 3650 {
		days = -1
	}
	in := moderation.InviteInput{MaxUses: uses, RoleID: v.PostFormValue("roleId")}
	if days != 0 {
		in.ExpiresAt = h.Clock.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli()
	}
	view := InvitesView{Uses: uses, Days: days, Role: in.RoleID, Emails: v.PostFormValue("emails")}
	if emails := strings.FieldsFunc(view.Emails, betweenEmails); len(emails) > 0 {
		return h.mailInvites(v, view, in, emails)
	}
	made, err := h.Moderation.CreateInvite(v.Context(), v.Actor, v.Community.ID, in)
	if err == nil {
		view.Made = h.Moderation.InviteURL(made.Code)
		return h.renderInvites(v, http.StatusCreated, view)
	}
	if view.Errors = ui.FieldErrors(v.Context(), err); view.Errors == nil {
		return err
	}
	return h.renderInvites(v, http.StatusBadRequest, view)
}

// mailInvites mails one invite per address, each for one use.
func (h *handlers) mailInvites(v *ui.Request, view InvitesView, in moderation.InviteInput, emails []string) error {
	in.MaxUses = 1
	made, err := h.Moderation.MailInvites(v.Context(), v.Actor, v.Community.ID, in, emails)
	if err == nil {
		return h.renderInvites(v, http.StatusCreated, InvitesView{Uses: view.Uses, Days: view.Days, Mailed: len(made)})
	}
	if view.Errors = ui.FieldErrors(v.Context(), err); view.Errors == nil {
		return err
	}
	for i, email := range emails {
		if why := view.Errors[fmt.Sprintf("emails[%d]", i)]; why != "" && view.Errors["emails"] == "" {
			view.Errors["emails"] = v.T("%[1]s: %[2]s", email, why)
		}
	}
	return h.renderInvites(v, http.StatusBadRequest, view)
}

// betweenEmails reports whether addresses are separated by a character.
func betweenEmails(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }

// addInviteChoices adds the roles that a new invite can assign, and returns the
// titles of all roles.
func (h *handlers) addInviteChoices(v *ui.Request, view *InvitesView) (titles map[string]string, err error) {
	view.Mails = h.Mail != nil
	roles, err := h.Moderation.InvitableRoles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		view.Roles = append(view.Roles, ui.Choice{Value: r.ID, Label: r.Title})
	}
	names, err := h.Members.Names(v.Context(), v.Actor, v.Community.ID)
	return names.Roles, err
}

func (h *handlers) revokeInvite(v *ui.Request) error {
	if err := h.Moderation.RevokeInvite(v.Context(), v.Actor, v.Community.ID, v.PathValue("code")); err != nil {
		return err
	}
	return v.Redirect(v.In("/invites"), i18n.Key("Invite revoked"))
}
