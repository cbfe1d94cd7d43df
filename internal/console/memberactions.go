package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// actOnMembers does one thing with the members who were chosen in the list.
func (c *console) actOnMembers(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form is not well-formed.")
	}
	users, back := v.PostForm["user"], v.FormValue("back")
	if !strings.HasPrefix(back, v.in("/members")) {
		back = v.in("/members") // an address of elsewhere leads nowhere
	}
	if len(users) == 0 || len(users) > 200 {
		return v.goTo(back, "Choose members first")
	}
	switch v.FormValue("action") {
	case "delete":
		if v.FormValue("confirmed") != "yes" {
			return c.askToDelete(v, users, back)
		}
		return c.acted(v, back, len(users), c.Members.Delete(v.Context(), v.actor, v.community.ID, users))
	case "restore":
		return c.acted(v, back, len(users), c.Members.Restore(v.Context(), v.actor, v.community.ID, users))
	case "invite":
		return c.inviteAgain(v, users, back)
	case "add", "remove":
		return c.labelMembers(v, users, back)
	}
	return errs.New(errs.Invalid, "unknown_action", "There is nothing of this name to do with members.")
}

// acted goes back to the list and says how many it were.
func (c *console) acted(v *visit, back string, n int, err error) error {
	if err != nil {
		return err
	}
	return v.goTo(back, c.reader(v).Count(int64(n), "%d member was changed", "%d members were changed"))
}

func (c *console) askToDelete(v *visit, users []string, back string) error {
	if err := c.Members.MayManage(v.Context(), v.actor, v.community.ID); err != nil {
		return err
	}
	p, err := c.page(v, "Delete members", "members", "")
	if err != nil {
		return err
	}
	view := DeleteMembersView{Page: p, Back: back}
	now := c.Clock.MS()
	for _, userID := range users {
		m, err := c.Members.FindIn(v.Context(), v.community.ID, userID, member.AnyState...)
		if err != nil {
			return err
		}
		m.StateAt = now
		view.Days = (c.Members.ErasedAt(m) - now) / (24 * time.Hour).Milliseconds()
		view.Users, view.Names = append(view.Users, m.ID), append(view.Names, nameOf(m))
	}
	return render(v, http.StatusOK, DeleteMembersPage(view))
}

// labelMembers gives a role or tag to members or takes it away; a role where
// both have the name.
func (c *console) labelMembers(v *visit, users []string, back string) error {
	label, giving := strings.TrimSpace(v.FormValue("label")), v.FormValue("action") == "add"
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	if roleID := names.Role(label); names.Roles[roleID] != "" && names.Roles[roleID] != everyone {
		done, err := c.Members.HandRole(v.Context(), v.actor, v.community.ID, roleID, users, giving, fromConsole)
		if err != nil {
			return err
		}
		return c.handed(v, back, done)
	}
	tagID := names.Tag(label)
	if names.Tags[tagID] == "" {
		return errs.New(errs.Invalid, "unknown_label", "There is no role and no tag %q; names are compared with their case.", label)
	}
	n, err := c.Members.PutTag(v.Context(), v.actor, v.community.ID, tagID, users, giving, fromConsole)
	return c.acted(v, back, n, err)
}

// handed goes back to the list and says how many members were changed; whoever
// could not be is named in a page of its own first.
func (c *console) handed(v *visit, back string, done member.Handed) error {
	if len(done.Refused) == 0 {
		return c.acted(v, back, done.Changed, nil)
	}
	p, err := c.page(v, "Not everybody was changed", "members", "")
	if err != nil {
		return err
	}
	view := RefusedView{Page: p, Changed: done.Changed, Back: back, Refused: refusedMembers(v, done.Refused)}
	return render(v, http.StatusOK, RefusedPage(view))
}

func refusedMembers(v *visit, refused []member.Refusal) []RefusedMember {
	list := make([]RefusedMember, len(refused))
	for i, one := range refused {
		list[i] = RefusedMember{ID: one.UserID, Name: one.Name, Why: explained(wordsOf(v.Context()), one.Why)}
	}
	return list
}

// inviteAgain mails unclaimed members and goes back, or names those who were not
// invited in a page of its own.
func (c *console) inviteAgain(v *visit, users []string, back string) error {
	done, err := c.Members.InviteMembers(v.Context(), v.actor, v.community.ID, users)
	if err != nil {
		return err
	}
	if len(done.Refused) == 0 {
		return v.goTo(back, c.reader(v).Count(int64(done.Mailed), "%d member was invited", "%d members were invited"))
	}
	p, err := c.page(v, i18n.Key("Not every member was invited"), "members", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, RefusedPage(RefusedView{Page: p, Invited: true, Changed: done.Mailed, Back: back, Refused: refusedMembers(v, done.Refused)}))
}

func (v RefusedView) refusedTitle() string {
	if v.Invited {
		return v.T("Members who were not invited")
	}
	return v.T("Who was not changed")
}

// changeAvatar gives a member another picture, or none.
func (c *console) changeAvatar(v *visit) error {
	userID := v.PathValue("user")
	here := v.in("/members/" + userID)
	if v.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		if err := c.Members.RemoveAvatar(v.Context(), v.actor, v.community.ID, userID); err != nil {
			return err
		}
		return v.goTo(here, "The picture is removed")
	}
	file, done, err := c.picture(v, "avatar")
	defer done()
	if err != nil {
		return err
	}
	if _, err := c.Members.SetAvatar(v.Context(), v.actor, v.community.ID, userID, file); err != nil {
		return err
	}
	return v.goTo(here, "The picture is changed")
}
