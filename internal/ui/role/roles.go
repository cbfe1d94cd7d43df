package role

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ui"
)

// roleRows are the roles of the community; Below marks those that the reader may
// edit.
func (h *handlers) roleRows(v *ui.Request, p ui.Page) ([]access.Role, []Row, error) {
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, nil, err
	}
	power, err := h.Access.Authority(v.Context(), v.Actor, v.Community.ID)
	rows := make([]Row, len(roles))
	for i, r := range roles {
		rows[i] = Row{
			ID: r.ID, Title: r.Title, Class: r.Class, Order: r.Order, Everyone: r.Everyone, Billable: r.Billable, Below: power.OutranksRole(r),
			May: ui.PermissionLabels(p.Permissions.Server, func(permission string) bool { return r.ServerPermissions[permission] }),
		}
	}
	return roles, rows, err
}

func (h *handlers) showRoles(v *ui.Request) error {
	p, err := h.Page(v, "Roles", "roles", "Permissions of members. A higher role takes precedence.")
	if err != nil {
		return err
	}
	_, rows, err := h.roleRows(v, p)
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, RolesPage(RolesView{p, rows}))
}

// search finds roles by their title for the palette.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Roles")}
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	for _, r := range roles {
		if ui.Matches(r.Title, text) && len(group.Items) < ui.FoundLimit {
			group.Items = append(group.Items, ui.PaletteItem{Icon: "shield", Label: r.Title, Link: v.In("/roles/" + r.ID)})
		}
	}
	return group, err
}

func (h *handlers) showNewRole(v *ui.Request) error {
	p, err := h.Page(v, "New role", "roles", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, RolePage(View{Page: p, Class: "#808080", Order: "0", Below: true}))
}

// roleForm reads the form of a role.
func roleForm(v *ui.Request) (View, access.RoleInput) {
	view := View{
		Title: v.PostFormValue("title"), Class: v.PostFormValue("class"), Order: v.PostFormValue("order"), Billable: v.PostFormValue("billable") == "true",
		Server: map[string]bool{}, Channel: map[string]bool{}, Below: true,
	}
	for _, name := range permission.ServerPermissions {
		view.Server[name] = slices.Contains(v.PostForm["server"], name)
	}
	for _, name := range permission.ChannelPermissions {
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

func (h *handlers) createRole(v *ui.Request) error {
	view, in := roleForm(v)
	made, err := h.Access.CreateRole(v.Context(), v.Actor, v.Community.ID, in)
	if err == nil {
		return v.Redirect(v.In("/roles/"+made.ID), v.T("Role %s created", made.Title))
	}
	view.Errors = ui.FieldErrors(v.Context(), err)
	if view.Page, view.Alert, err = h.FormAgain(v, "New role", "roles", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = ui.Alert{}
	}
	return ui.Render(v, http.StatusBadRequest, RolePage(view))
}

func (h *handlers) showRole(v *ui.Request) error { return h.renderRole(v, nil, "", nil) }

// renderRole shows a role: as it is, or as form has it after cause.
func (h *handlers) renderRole(v *ui.Request, form *View, user string, cause error) error {
	role, err := h.Access.Role(v.Context(), v.Actor, v.Community.ID, v.PathValue("role"))
	if err != nil {
		return err
	}
	power, err := h.Access.Authority(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view := View{Title: role.Title, Class: role.Class, Order: strconv.Itoa(role.Order), Billable: role.Billable, Server: role.ServerPermissions, Channel: role.ChannelPermissions}
	if form != nil {
		view = *form
	}
	view.ID, view.Name, view.Everyone, view.Below, view.User = role.ID, role.Title, role.Everyone, power.OutranksRole(role), user
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = h.Page(v, role.Title, "roles", ""); err != nil {
		return err
	}
	if form != nil {
		view.Errors = ui.FieldErrors(v.Context(), cause)
	}
	if view.Errors == nil {
		view.Alert = refused
	}
	if err := h.addRoleMembers(v, &view); err != nil {
		return err
	}
	return ui.Render(v, status, RolePage(view))
}

func (h *handlers) addRoleMembers(v *ui.Request, view *View) error {
	if view.Everyone {
		return nil
	}
	list, err := h.Members.List(v.Context(), v.Actor, v.Community.ID, directory.Filter{RoleID: view.ID, Page: 1, Limit: 20})
	if err != nil {
		return err
	}
	view.Total, view.Capped = list.Total, list.TotalCapped
	for _, m := range list.Members {
		view.Members = append(view.Members, Member{m.ID, ui.MemberName(m), m.Username})
	}
	return nil
}

func (h *handlers) changeRole(v *ui.Request) error {
	view, in := roleForm(v)
	change := access.RoleChange{Class: &in.Class, Billable: &in.Billable, ServerPermissions: in.ServerPermissions, ChannelPermissions: in.ChannelPermissions}
	if v.PostForm.Has("title") { // @all keeps its title and order
		change.Title, change.Order = &in.Title, &in.Order
	}
	changed, err := h.Access.UpdateRole(v.Context(), v.Actor, v.Community.ID, v.PathValue("role"), change)
	if errs.KindOf(err) == errs.NotFound {
		return err
	}
	if err != nil {
		return h.renderRole(v, &view, "", err)
	}
	return v.Redirect(v.In("/roles/"+changed.ID), "Saved")
}

func (h *handlers) deleteRole(v *ui.Request) error {
	err := h.Members.DeleteRole(v.Context(), v.Actor, v.Community.ID, v.PathValue("role"))
	if errs.KindOf(err) == errs.NotFound { // already deleted
		err = nil
	}
	if err != nil {
		return h.renderRole(v, nil, "", err)
	}
	return v.Redirect(v.In("/roles"), "Role deleted")
}

func (h *handlers) addRole(v *ui.Request) error {
	user := v.PostFormValue("user")
	who, err := h.Members.AddRole(v.Context(), v.Actor, v.Community.ID, user, v.PathValue("role"), ui.Source)
	if err != nil {
		return h.renderRole(v, nil, user, err)
	}
	return v.Redirect(v.In("/roles/"+v.PathValue("role")), v.T("%s has the role", ui.MemberName(who)))
}

func (h *handlers) removeRole(v *ui.Request) error {
	who, err := h.Members.RemoveRole(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"), v.PathValue("role"), ui.Source)
	if err != nil {
		return h.renderRole(v, nil, "", err)
	}
	return v.Redirect(v.In("/roles/"+v.PathValue("role")), v.T("%s no longer has the role", ui.MemberName(who)))
}

// RolesView is the list of roles.
type RolesView struct {
	ui.Page
	Roles []Row
}

// Row is one role.
type Row struct {
	ID, Title, Class string
	Order            int
	Everyone         bool
	Billable         bool
	Below            bool     // the reader may edit it
	May              []string // what it allows in the community, in English
}

// View is the form of a role.
type View struct {
	ui.Page
	ID       string // "": a new one
	Name     string // the stored title; "" of a new one
	Title    string
	Class    string
	Order    string
	Billable bool
	Everyone bool
	Below    bool // it may be changed
	Server   map[string]bool
	Channel  map[string]bool
	Errors   map[string]string
	Members  []Member
	Total    int64
	Capped   bool
	User     string // the user in the form of members
}

// Member is a member with the role.
type Member struct{ ID, Name, Username string }
