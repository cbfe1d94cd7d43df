package console

import (
	"net/http"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
)

// CommunityView is a community as one of its members sees it.
type CommunityView struct {
	Page
	Logo   string // the address of a picture; "": none
	Roles  []RoleRow
	Groups []ChannelGroup
}

// empty reports whether there is no channel to see.
func (v CommunityView) empty() bool {
	for _, g := range v.Groups {
		if len(g.Channels) > 0 {
			return false
		}
	}
	return true
}

// enter goes where the person has something to do.
func (c *console) enter(v *visit) error {
	if c.Access.Can(v.Context(), v.actor, v.community.ID, access.PermGetUserData) == nil {
		return v.goTo(v.in("/members"), "")
	}
	return v.goTo(v.in("/home"), "")
}

// showCommunity is the home of members: what there is for them, whatever else
// they may do.
func (c *console) showCommunity(v *visit) error {
	n, err := c.Members.Count(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	p, err := c.page(v, v.community.Name, "home", c.reader(v).Count(n, "member", "members"))
	if err != nil {
		return err
	}
	p.Tab = v.T("Home")
	view := CommunityView{Page: p, Logo: media.Path(v.community.ID, v.community.Settings.Logo)}
	if view.Roles, err = c.ownRoles(v); err != nil {
		return err
	}
	channels, err := c.Chat.Channels(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return err
	}
	categories, err := c.Chat.Categories(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view.Groups = channelGroups(categories, channels)
	return render(v, http.StatusOK, CommunityPage(view))
}

// selfID is the id of the person as a member of the community, "" for none.
func (c *console) selfID(v *visit) (string, error) {
	who, err := c.Members.Self(v.Context(), v.actor, v.community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return who.ID, err
}

// ownRoles are the roles of the person in the community, but the one of
// everyone; none of who runs the installation and is no member.
func (c *console) ownRoles(v *visit) (rows []RoleRow, err error) {
	who, err := c.Members.Self(v.Context(), v.actor, v.community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	roles, err := c.Members.RolesOf(v.Context(), v.community.ID, who.ID)
	if err != nil {
		return nil, err
	}
	if who.Owner {
		rows = append(rows, RoleRow{Title: v.T("Owner")})
	}
	for _, r := range roles {
		if !r.Everyone {
			rows = append(rows, RoleRow{ID: r.ID, Title: r.Title, Class: r.Class})
		}
	}
	return rows, nil
}
