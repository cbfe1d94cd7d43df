package channel

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showOverrides(v *ui.Request) error {
	ch, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	return h.renderOverrides(v, ch, nil)
}

func (h *handlers) renderOverrides(v *ui.Request, ch chat.Channel, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := OverridesView{ID: ch.ID, Topic: ch.Topic, User: strings.TrimSpace(v.URL.Query().Get("user"))}
	if view.Page, err = h.Page(v, v.T("Permissions in %s", ch.Topic), "channels", ""); err != nil {
		return err
	}
	view.Alert = refused
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	if err := h.overrideRows(v, &view, ch, roles); err != nil {
		return err
	}
	if view.User != "" {
		found, err := h.Chat.Explain(v.Context(), v.Actor, v.Community.ID, ch.ID, view.User)
		switch {
		case errs.KindOf(err) == errs.NotFound:
			if status, view.Alert, err = ui.Rejected(v, err); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		if found.Member.ID != "" {
			view.Who = ui.MemberName(found.Member)
		}
		for _, r := range found.Rulings {
			at := slices.IndexFunc(view.Permissions.Channel, func(g ui.Permission) bool { return g.Value == r.Permission })
			view.Rulings = append(view.Rulings, RulingRow{view.Permissions.Channel[at].Label, r.Allowed, ExplainDecision(view.Page, r.Decision)})
		}
	}
	return ui.Render(v, status, OverridesPage(view))
}

// overrideRows lists @all first, then roles by rank, then members.
func (h *handlers) overrideRows(v *ui.Request, view *OverridesView, ch chat.Channel, roles []access.Role) error {
	row := func(key, name, class string, o access.Override) OverrideRow {
		says := map[string]string{}
		for _, permission := range o.Allow {
			says[permission] = "allow"
		}
		for _, permission := range o.Deny {
			says[permission] = "deny"
		}
		return OverrideRow{Key: key, Name: name, Class: class, Says: says}
	}
	added := v.URL.Query().Get("add")
	for i := range roles {
		role := roles[(i+len(roles)-1)%len(roles)] // the last one, of everyone, first
		at := slices.IndexFunc(ch.Overrides, func(o access.Override) bool { return o.RoleID == role.ID })
		switch {
		case at >= 0:
			one := row("role:"+role.ID, role.Title, role.Class, ch.Overrides[at])
			one.Hidden = role.Everyone && ch.Private
			view.Rows = append(view.Rows, one)
		case role.Everyone || added == role.ID:
			view.Rows = append(view.Rows, row("role:"+role.ID, role.Title, role.Class, access.Override{}))
		default:
			view.Roles = append(view.Roles, ui.Choice{Value: role.ID, Label: role.Title})
		}
	}
	for _, o := range ch.Overrides {
		if o.UserID == "" {
			continue
		}
		name := o.UserID
		if found, err := h.Members.Find(v.Context(), v.Actor, v.Community.ID, o.UserID); err == nil {
			name = ui.MemberName(found)
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
		view.Rows = append(view.Rows, row("user:"+o.UserID, name, "", o))
	}
	if user := strings.TrimSpace(v.URL.Query().Get("member")); user != "" {
		found, err := h.Members.Find(v.Context(), v.Actor, v.Community.ID, user)
		known := func(o access.Override) bool { return o.UserID == found.ID }
		switch {
		case err == nil && !slices.ContainsFunc(ch.Overrides, known):
			view.Rows = append(view.Rows, row("user:"+found.ID, ui.MemberName(found), "", access.Override{}))
		case errs.KindOf(err) == errs.NotFound:
			view.Alert = ui.Alert{Message: v.T("The member %s was not found.", user)}
		case err != nil:
			return err
		}
	}
	return nil
}

func (h *handlers) changeOverrides(v *ui.Request) error {
	ch, err := h.Chat.Channel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.").Because(err)
	}
	var inputs []chat.OverrideInput
	for _, key := range v.PostForm["subject"] {
		kind, subject, _ := strings.Cut(key, ":")
		in := chat.OverrideInput{RoleID: subject}
		if kind == "user" {
			in = chat.OverrideInput{User: subject}
		}
		for _, permission := range permission.ChannelPermissions {
			switch v.PostFormValue(key + ":" + permission) {
			case "allow":
				in.Allow = append(in.Allow, permission)
			case "deny":
				in.Deny = append(in.Deny, permission)
			}
		}
		if len(in.Allow)+len(in.Deny) > 0 {
			inputs = append(inputs, in)
		}
	}
	if _, err := h.Chat.SetOverrides(v.Context(), v.Actor, v.Community.ID, ch.ID, inputs); err != nil {
		return h.renderOverrides(v, ch, err)
	}
	return v.Redirect(v.In("/channels/"+ch.ID+"/permissions"), "Saved")
}

// OverridesView has the overrides of a channel.
type OverridesView struct {
	ui.Page
	ID, Topic string
	Rows      []OverrideRow
	Roles     []ui.Choice // that have no override yet
	User      string      // member with explained permissions
	Who       string      // as people call them
	Rulings   []RulingRow
}

// OverrideRow is the override of one role or member.
type OverrideRow struct {
	Key    string // role:<id> or user:<id>
	Name   string
	Class  string            // colour of a role; "": a member
	Hidden bool              // of everyone in a private channel: seeing it stays denied
	Says   map[string]string // allow or deny, by permission
}

// RulingRow is a resolved permission with its reason.
type RulingRow struct {
	Label   string // in English
	Allowed bool
	Why     string
}

// ExplainDecision is the sentence of the deciding rule.
func ExplainDecision(p ui.Page, d access.Decision) string {
	switch d.Rule {
	case access.RuleNotMember:
		return p.T("They are not a member.")
	case access.RuleSuspended:
		return p.T("They are suspended for now.")
	case access.RuleInstallationOwner:
		return p.T("They are the owner of this installation.")
	case access.RuleOwner:
		return p.T("They own the community.")
	case access.RuleAdministrator:
		return p.T("The role %s has all permissions.", d.Role.Title)
	case access.RuleMemberOverride:
		return either(d.Allowed, p.T("This channel allows it to them."), p.T("This channel denies it to them."))
	case access.RuleRoleOverride:
		return either(d.Allowed, p.T("This channel allows it to the role %s.", d.Role.Title), p.T("This channel denies it to the role %s.", d.Role.Title))
	case access.RuleEveryoneOverride:
		return either(d.Allowed, p.T("This channel allows it to all members."), p.T("This channel denies it to all members."))
	case access.RuleRole:
		return p.T("The role %s allows it in every channel.", d.Role.Title)
	case access.RuleEveryone:
		return p.T("All members can, in every channel.")
	}
	return p.T("None of their roles allows it.")
}

func either(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}
