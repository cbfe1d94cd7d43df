package member

import (
	"net/http"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/ui"
)

// actOnMembers performs an action on the selected members.
func (h *handlers) actOnMembers(v *ui.Request) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form is not well-formed.")
	}
	users, back := v.PostForm["user"], v.FormValue("back")
	if !strings.HasPrefix(back, v.In("/members")) {
		back = v.In("/members") // an address of elsewhere leads nowhere
	}
	if len(users) == 0 || len(users) > 200 {
		return v.Redirect(back, "Select members first")
	}
	switch v.FormValue("action") {
	case "delete":
		if v.FormValue("confirmed") != "yes" {
			return h.confirmDelete(v, users, back)
		}
		return h.showResult(v, back, len(users), h.Members.Delete(v.Context(), v.Actor, v.Community.ID, users))
	case "restore":
		return h.showResult(v, back, len(users), h.Members.Restore(v.Context(), v.Actor, v.Community.ID, users))
	case "invite":
		return h.inviteAgain(v, users, back)
	case "add", "remove":
		return h.changeLabels(v, users, back)
	}
	return errs.New(errs.Invalid, "unknown_action", "There is no such action.")
}

// showResult returns to the list with the number of changed members.
func (h *handlers) showResult(v *ui.Request, back string, n int, err error) error {
	if err != nil {
		return err
	}
	return v.Redirect(back, h.Reader(v).Count(int64(n), "%d member was changed", "%d members were changed"))
}

func (h *handlers) confirmDelete(v *ui.Request, users []string, back string) error {
	if err := h.Members.MayManage(v.Context(), v.Actor, v.Community.ID); err != nil {
		return err
	}
	p, err := h.Page(v, "Delete members", "members", "")
	if err != nil {
		return err
	}
	view := DeleteMembersView{Page: p, Back: back}
	now := h.Clock.MS()
	for _, userID := range users {
		m, err := h.Members.FindIn(v.Context(), v.Actor, v.Community.ID, userID, member.AnyState...)
		if err != nil {
			return err
		}
		m.StateChangedAt = now
		view.Days = (h.Members.ErasedAt(m) - now) / (24 * time.Hour).Milliseconds()
		view.Users, view.Names = append(view.Users, m.ID), append(view.Names, ui.MemberName(m))
	}
	return ui.Render(v, http.StatusOK, DeleteMembersPage(view))
}

// changeLabels adds a role or tag to members or removes it. A role wins over a tag
// of the same name.
func (h *handlers) changeLabels(v *ui.Request, users []string, back string) error {
	label, giving := strings.TrimSpace(v.FormValue("label")), v.FormValue("action") == "add"
	names, err := h.Members.Names(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	if roleID := names.Role(label); names.Roles[roleID] != "" && names.Roles[roleID] != everyone {
		done, err := h.Members.SetRole(v.Context(), v.Actor, v.Community.ID, roleID, users, giving, ui.Source)
		if err != nil {
			return err
		}
		return h.showRoleResult(v, back, done)
	}
	tagID := names.Tag(label)
	if names.Tags[tagID] == "" {
		return errs.New(errs.Invalid, "unknown_label", "There is no role and no tag %q; names are compared with their case.", label)
	}
	n, err := h.Members.SetTag(v.Context(), v.Actor, v.Community.ID, tagID, users, giving, ui.Source)
	return h.showResult(v, back, n, err)
}

// showRoleResult returns to the list with the number of changed members. If some
// were refused, a page lists them first.
func (h *handlers) showRoleResult(v *ui.Request, back string, done assign.RoleResult) error {
	if len(done.Refused) == 0 {
		return h.showResult(v, back, done.Changed, nil)
	}
	p, err := h.Page(v, "Not all members were changed", "members", "")
	if err != nil {
		return err
	}
	view := RefusedView{Page: p, Changed: done.Changed, Back: back, Refused: refusedMembers(v, done.Refused)}
	return ui.Render(v, http.StatusOK, RefusedPage(view))
}

func refusedMembers(v *ui.Request, refused []assign.Refusal) []RefusedMember {
	list := make([]RefusedMember, len(refused))
	for i, one := range refused {
		list[i] = RefusedMember{ID: one.UserID, Name: one.Name, Why: ui.Explain(ui.PrinterOf(v.Context()), one.Why)}
	}
	return list
}

// inviteAgain mails unclaimed members and returns to the list. If some were
// refused, a page lists them first.
func (h *handlers) inviteAgain(v *ui.Request, users []string, back string) error {
	done, err := h.Moderation.InviteMembers(v.Context(), v.Actor, v.Community.ID, users)
	if err != nil {
		return err
	}
	if len(done.Refused) == 0 {
		return v.Redirect(back, h.Reader(v).Count(int64(done.Mailed), "%d member was invited", "%d members were invited"))
	}
	p, err := h.Page(v, i18n.Key("Not every member was invited"), "members", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, RefusedPage(RefusedView{Page: p, Invited: true, Changed: done.Mailed, Back: back, Refused: refusedMembers(v, done.Refused)}))
}

func (v RefusedView) refusedTitle() string {
	if v.Invited {
		return v.T("Members not invited")
	}
	return v.T("Members not changed")
}

// changeAvatar sets or removes the picture of a member.
func (h *handlers) changeAvatar(v *ui.Request) error {
	userID := v.PathValue("user")
	here := v.In("/members/" + userID)
	if v.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		if err := h.Members.RemoveAvatar(v.Context(), v.Actor, v.Community.ID, userID); err != nil {
			return err
		}
		return v.Redirect(here, "Picture removed")
	}
	file, err := h.Picture(v, "avatar")
	if err != nil {
		return err
	}
	if _, err := h.Members.SetAvatar(v.Context(), v.Actor, v.Community.ID, userID, file); err != nil {
		return err
	}
	return v.Redirect(here, "Picture replaced")
}
