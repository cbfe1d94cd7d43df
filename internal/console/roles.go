package console

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// roleRows are the roles of the community as the person who looks may change
// them.
func (c *console) roleRows(v *visit) ([]access.Role, []RoleRow, error) {
	roles, err := c.Access.Roles(v.Context(), v.community.ID)
	if err != nil {
		return nil, nil, err
	}
	power, err := access.AuthorityOf(v.Context(), c.DB, member.Memberships{}, v.actor, v.community.ID)
	rows := make([]RoleRow, len(roles))
	for i, r := range roles {
		rows[i] = RoleRow{
			ID: r.ID, Title: r.Title, Class: r.Class, Order: r.Order, Everyone: r.Everyone, Billable: r.Billable, Below: power.OutranksRole(r),
			May: grantLabels(serverGrants, func(permission string) bool { return r.ServerPermissions[permission] }),
		}
	}
	return roles, rows, err
}

func (c *console) showRoles(v *visit) error {
	p, err := c.page(v, "Roles", "roles", "What members may do. The higher a role, the more it counts.")
	if err != nil {
		return err
	}
	_, rows, err := c.roleRows(v)
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, RolesPage(RolesView{p, rows}))
}

func (c *console) showNewRole(v *visit) error {
	p, err := c.page(v, "New role", "roles", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, RolePage(RoleView{Page: p, Class: "#808080", Order: "0", Below: true}))
}

// roleForm reads what a form says about a role.
func roleForm(v *visit) (RoleView, access.RoleInput) {
	view := RoleView{
		Title: v.PostFormValue("title"), Class: v.PostFormValue("class"), Order: v.PostFormValue("order"), Billable: v.PostFormValue("billable") == "true",
		Server: map[string]bool{}, Channel: map[string]bool{}, Below: true,
	}
	for _, name := range access.ServerPermissions() {
		view.Server[name] = slices.Contains(v.PostForm["server"], name)
	}
	for _, name := range access.ChannelPermissions() {
		view.Channel[name] = slices.Contains(v.PostForm["channel"], name)
	}
	order, err := strconv.Atoi(view.Order)
	if err != nil {
		order = -1 // refused, with a reason that fits
	}
	return view, access.RoleInput{
		Title: view.Title, Class: view.Class, Order: order, Billable: view.Billable, ServerPermissions: view.Server, ChannelPermissions: view.Channel,
	}
}

func (c *console) createRole(v *visit) error {
	view, in := roleForm(v)
	made, err := c.Access.CreateRole(v.Context(), v.actor, v.community.ID, in)
	if err == nil {
		return v.goTo(v.in("/roles/"+made.ID), v.T("The role %s is made", made.Title))
	}
	view.Errors = wrongFields(v.Context(), err)
	if view.Page, view.Alert, err = c.again(v, "New role", "roles", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{}
	}
	return render(v, http.StatusBadRequest, RolePage(view))
}

func (c *console) showRole(v *visit) error { return c.renderRole(v, nil, "", nil) }

// renderRole shows a role: as it is, or as form has it after cause.
func (c *console) renderRole(v *visit, form *RoleView, user string, cause error) error {
	role, err := access.RoleByID(v.Context(), c.DB, v.community.ID, v.PathValue("role"))
	if err != nil {
		return err
	}
	power, err := access.AuthorityOf(v.Context(), c.DB, member.Memberships{}, v.actor, v.community.ID)
	if err != nil {
		return err
	}
	view := RoleView{Title: role.Title, Class: role.Class, Order: strconv.Itoa(role.Order), Billable: role.Billable, Server: role.ServerPermissions, Channel: role.ChannelPermissions}
	if form != nil {
		view = *form
	}
	view.ID, view.Name, view.Everyone, view.Below, view.User = role.ID, role.Title, role.Everyone, power.OutranksRole(role), user
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = c.page(v, role.Title, "roles", ""); err != nil {
		return err
	}
	if form != nil {
		view.Errors = wrongFields(v.Context(), cause)
	}
	if view.Errors == nil {
		view.Alert = refused
	}
	if err := c.addRoleMembers(v, &view); err != nil {
		return err
	}
	return render(v, status, RolePage(view))
}

func (c *console) addRoleMembers(v *visit, view *RoleView) error {
	if view.Everyone {
		return nil
	}
	list, err := c.Members.List(v.Context(), v.community.ID, member.Filter{RoleID: view.ID, Page: 1, Limit: 20})
	if err != nil {
		return err
	}
	view.Total, view.Capped = list.Total, list.TotalCapped
	for _, m := range list.Members {
		view.Members = append(view.Members, RoleMember{m.ID, displayName(m), m.Username})
	}
	return nil
}

func displayName(m member.Member) string {
	if m.DisplayName != "" {
		return m.DisplayName
	}
	if m.FirstName+m.LastName != "" {
		return m.FirstName + " " + m.LastName
	}
	return m.Username
}

func (c *console) changeRole(v *visit) error {
	view, in := roleForm(v)
	change := access.RoleChange{Class: &in.Class, Billable: &in.Billable, ServerPermissions: in.ServerPermissions, ChannelPermissions: in.ChannelPermissions}
	if v.PostForm.Has("title") { // @all keeps its title and order
		change.Title, change.Order = &in.Title, &in.Order
	}
	changed, err := c.Access.UpdateRole(v.Context(), v.actor, v.community.ID, v.PathValue("role"), change)
	if errs.KindOf(err) == errs.NotFound {
		return err
	}
	if err != nil {
		return c.renderRole(v, &view, "", err)
	}
	return v.goTo(v.in("/roles/"+changed.ID), "Saved")
}

func (c *console) deleteRole(v *visit) error {
	err := c.Members.DeleteRole(v.Context(), v.actor, v.community.ID, v.PathValue("role"))
	if errs.KindOf(err) == errs.NotFound { // gone is what was asked for
		err = nil
	}
	if err != nil {
		return c.renderRole(v, nil, "", err)
	}
	return v.goTo(v.in("/roles"), "The role is deleted")
}

func (c *console) giveRole(v *visit) error {
	user := v.PostFormValue("user")
	who, err := c.Members.AddRole(v.Context(), v.actor, v.community.ID, user, v.PathValue("role"), fromConsole)
	if err != nil {
		return c.renderRole(v, nil, user, err)
	}
	return v.goTo(v.in("/roles/"+v.PathValue("role")), v.T("%s has the role", displayName(who)))
}

func (c *console) takeRole(v *visit) error {
	who, err := c.Members.RemoveRole(v.Context(), v.actor, v.community.ID, v.PathValue("user"), v.PathValue("role"), fromConsole)
	if err != nil {
		return c.renderRole(v, nil, "", err)
	}
	return v.goTo(v.in("/roles/"+v.PathValue("role")), v.T("%s no longer has the role", displayName(who)))
}

func (c *console) showMatrix(v *visit) error { return c.renderMatrix(v, nil) }

func (c *console) renderMatrix(v *visit, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	p, err := c.page(v, "Roles", "roles", "What members may do. The higher a role, the more it counts.")
	if err != nil {
		return err
	}
	p.Alert, p.Tab = refused, v.T("Permissions")+" · "+p.Title
	roles, rows, err := c.roleRows(v)
	if err != nil {
		return err
	}
	view := MatrixView{Page: p, Roles: rows, Granted: map[string]bool{}}
	for _, r := range roles {
		for _, group := range []map[string]bool{r.ServerPermissions, r.ChannelPermissions} {
			for name, yes := range group {
				view.Granted[r.ID+":"+name] = yes
			}
		}
	}
	return render(v, status, MatrixPage(view))
}

func (c *console) changeMatrix(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.").Because(err)
	}
	granted := map[string]bool{}
	for _, one := range v.PostForm["grant"] {
		granted[one] = true
	}
	for _, roleID := range v.PostForm["role"] {
		change := access.RoleChange{ServerPermissions: map[string]bool{}, ChannelPermissions: map[string]bool{}}
		for _, name := range access.ServerPermissions() {
			change.ServerPermissions[name] = granted[roleID+":"+name]
		}
		for _, name := range access.ChannelPermissions() {
			change.ChannelPermissions[name] = granted[roleID+":"+name]
		}
		if _, err := c.Access.UpdateRole(v.Context(), v.actor, v.community.ID, roleID, change); err != nil {
			return c.renderMatrix(v, err)
		}
	}
	return v.goTo(v.in("/roles/permissions"), "Saved")
}

// previewRole shows the community as somebody sees it who has one role.
func (c *console) previewRole(v *visit) error {
	roles, err := c.Access.Roles(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(roles, func(r access.Role) bool { return r.ID == v.PathValue("role") })
	if at < 0 {
		return errs.New(errs.NotFound, "role_not_found", "There is no such role.")
	}
	role := roles[at]
	subject := access.ChannelActor{Roles: []access.Role{role}}
	if !role.Everyone {
		subject.Roles = append(subject.Roles, roles[len(roles)-1])
	}
	p, err := c.page(v, v.T("View as %s", role.Title), "roles", "")
	if err != nil {
		return err
	}
	view := RolePreview{Page: p, ID: role.ID, Name: role.Title}
	view.Server = grantLabels(serverGrants, func(permission string) bool {
		return slices.ContainsFunc(subject.Roles, func(r access.Role) bool {
			return r.ServerPermissions[permission] || r.ServerPermissions[access.ServerAdministrator]
		})
	})
	channels, err := c.Chat.Channels(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return err
	}
	for _, ch := range channels {
		if !ch.SeenBy(subject) {
			view.Hidden = append(view.Hidden, ch.Topic)
			continue
		}
		may := grantLabels(channelGrants[1:], func(permission string) bool { return subject.Resolve(ch.ID, ch.Overrides, permission).Allowed })
		view.Seen = append(view.Seen, PreviewChannel{ch.Topic, channelIcon(ch.Type), may})
	}
	return render(v, http.StatusOK, RolePreviewPage(view))
}

func channelIcon(t chat.Type) string {
	switch t {
	case chat.Announcement:
		return "megaphone"
	case chat.Whisper, chat.Direct:
		return "user-round"
	case chat.Forum:
		return "rows-3"
	case chat.Iframe:
		return "app-window"
	}
	return "hash"
}

// channelTypes are the kinds of channels in plain words.
var channelTypes = []Choice{
	{string(chat.Open), i18n.Key("Text")},
	{string(chat.Announcement), i18n.Key("Announcements")},
	{string(chat.Forum), i18n.Key("Forum")},
	{string(chat.Whisper), i18n.Key("Whisper")},
	{string(chat.Direct), i18n.Key("Direct, of few people")},
	{string(chat.Iframe), i18n.Key("A page of another site")},
}
