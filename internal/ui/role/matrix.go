package role

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showMatrix(v *ui.Request) error { return h.renderMatrix(v, nil) }

func (h *handlers) renderMatrix(v *ui.Request, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Roles", "roles", "Permissions of members. A higher role takes precedence.")
	if err != nil {
		return err
	}
	p.Alert, p.Tab = refused, v.T("Permissions")+" · "+p.Title
	roles, rows, err := h.roleRows(v, p)
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
	return ui.Render(v, status, MatrixPage(view))
}

func (h *handlers) changeMatrix(v *ui.Request) error {
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.").Because(err)
	}
	granted := map[string]bool{}
	for _, one := range v.PostForm["grant"] {
		granted[one] = true
	}
	for _, roleID := range v.PostForm["role"] {
		change := access.RoleChange{ServerPermissions: map[string]bool{}, ChannelPermissions: map[string]bool{}}
		for _, name := range permission.ServerPermissions {
			change.ServerPermissions[name] = granted[roleID+":"+name]
		}
		for _, name := range permission.ChannelPermissions {
			change.ChannelPermissions[name] = granted[roleID+":"+name]
		}
		if _, err := h.Access.UpdateRole(v.Context(), v.Actor, v.Community.ID, roleID, change); err != nil {
			return h.renderMatrix(v, err)
		}
	}
	return v.Redirect(v.In("/roles/permissions"), "Saved")
}

// MatrixView is what every role allows, in one table.
type MatrixView struct {
	ui.Page
	Roles   []Row
	Granted map[string]bool // by role id, a colon and the permission
}
