package role

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

// previewRole shows the view of a member with one role.
func (h *handlers) previewRole(v *ui.Request) error {
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(roles, func(r access.Role) bool { return r.ID == v.PathValue("role") })
	if at < 0 {
		return errs.Missing("role")
	}
	role := roles[at]
	subject := access.ChannelActor{Roles: []access.Role{role}}
	if !role.Everyone {
		subject.Roles = append(subject.Roles, roles[len(roles)-1])
	}
	p, err := h.Page(v, v.T("View as %s", role.Title), "roles", "")
	if err != nil {
		return err
	}
	view := Preview{Page: p, ID: role.ID, Name: role.Title}
	view.Server = ui.PermissionLabels(p.Permissions.Server, func(name string) bool {
		return slices.ContainsFunc(subject.Roles, func(r access.Role) bool {
			return r.ServerPermissions[name] || r.ServerPermissions[permission.ServerAdministrator]
		})
	})
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	for _, ch := range channels {
		if !ch.SeenBy(subject) {
			view.Hidden = append(view.Hidden, ch.Topic)
			continue
		}
		may := ui.PermissionLabels(p.Permissions.Channel[1:], func(permission string) bool { return subject.Resolve(ch.ID, ch.Overrides, permission).Allowed })
		view.Seen = append(view.Seen, PreviewChannel{ch.Topic, ui.ChannelIcon(ch.Type), may})
	}
	return ui.Render(v, http.StatusOK, RolePreviewPage(view))
}

// Preview is the view of a member with one role.
type Preview struct {
	ui.Page
	ID, Name string
	Server   []string // labels in English
	Seen     []PreviewChannel
	Hidden   []string
}

// PreviewChannel is a channel that a role sees, with what it may do there.
type PreviewChannel struct {
	Topic, Icon string
	May         []string // labels in English
}
