package home

import (
	"net/http"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/ui"
)

// CommunityView is a community as one of its members sees it.
type CommunityView struct {
	ui.Page
	Logo   string // address; "": none
	Roles  []OwnRole
	Groups []ui.ChannelGroup
}

// OwnRole is a role of the reader.
type OwnRole struct {
	Title, Class string // Class: a colour, or ""
}

// empty reports whether no channel is visible.
func (v CommunityView) empty() bool {
	for _, g := range v.Groups {
		if len(g.Channels) > 0 {
			return false
		}
	}
	return true
}

// enter redirects to the overview, or to the home without permission for it.
func (h *handlers) enter(v *ui.Request) error {
	if h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.GetUserData) == nil {
		return v.Redirect(v.In("/overview"), "")
	}
	return v.Redirect(v.In("/home"), "")
}

// showCommunity is the home of members: their roles and channels.
func (h *handlers) showCommunity(v *ui.Request) error {
	n, err := h.Members.Count(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	p, err := h.Page(v, v.Community.Name, "home", h.Reader(v).Count(n, "member", "members"))
	if err != nil {
		return err
	}
	p.Tab = v.T("Home")
	view := CommunityView{Page: p, Logo: media.Path(v.Community.ID, v.Community.Settings.Logo)}
	if view.Roles, err = h.ownRoles(v); err != nil {
		return err
	}
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Groups = ui.GroupChannels(categories, channels)
	return ui.Render(v, http.StatusOK, CommunityPage(view))
}

// ownRoles are the roles of the person in the community, without @all; none for
// a non-member.
func (h *handlers) ownRoles(v *ui.Request) (rows []OwnRole, err error) {
	who, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	roles, err := h.Members.OwnRoles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	if who.Owner {
		rows = append(rows, OwnRole{Title: v.T("Owner")})
	}
	for _, r := range roles {
		if !r.Everyone {
			rows = append(rows, OwnRole{Title: r.Title, Class: r.Class})
		}
	}
	return rows, nil
}
