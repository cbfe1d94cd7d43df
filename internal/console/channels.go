package console

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
)

func (c *console) showChannels(v *visit) error {
	return c.renderChannels(v, ChannelsView{Focus: v.URL.Query().Get("moved")}, nil)
}

func (c *console) renderChannels(v *visit, view ChannelsView, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = c.page(v, "Channels", "channels", "Where members meet, in the order they see them."); err != nil {
		return err
	}
	view.Alert = refused
	if view.Wrong != "" {
		view.Alert = Alert{}
	}
	categories, err := c.Chat.Categories(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	channels, err := c.Chat.Channels(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return err
	}
	view.Groups = channelGroups(categories, channels)
	if view.Wrong == "" {
		view.Origins = strings.Join(v.community.Settings.AllowedFrameOrigins, "\n")
	}
	view.Settled = c.Access.Can(v.Context(), v.actor, v.community.ID, access.PermManageCommunity) != nil
	return render(v, status, ChannelsPage(view))
}

func (c *console) createCategory(v *visit) error {
	name := v.PostFormValue("name")
	made, err := c.Chat.CreateCategory(v.Context(), v.actor, v.community.ID, name)
	if err != nil {
		return c.renderChannels(v, ChannelsView{Name: name}, err)
	}
	return v.goTo(v.in("/channels"), v.T("The category %s is made", made.Name))
}

func (c *console) changeOrigins(v *visit) error {
	text := v.PostFormValue("origins")
	origins := lines(text)
	if origins == nil {
		origins = []string{}
	}
	_, err := c.Communities.Update(v.Context(), v.community.ID, community.Change{AllowedFrameOrigins: &origins})
	if err != nil {
		return c.renderChannels(v, ChannelsView{Origins: text, Wrong: wrongFields(v.Context(), err)["allowedFrameOrigins"]}, err)
	}
	return v.goTo(v.in("/channels"), "Saved")
}

// moveChannel moves a channel by one, over the edge of its category into the
// next one.
func (c *console) moveChannel(v *visit) error {
	categories, err := c.Chat.Categories(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	channels, err := c.Chat.Channels(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return err
	}
	down := v.PostFormValue("way") == "down"
	group, position, ok := neighbour(channelGroups(categories, channels), v.PathValue("channel"), down)
	if ok {
		change := chat.Change{CategoryID: &group, Position: &position}
		if _, err := c.Chat.UpdateChannel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"), change); err != nil {
			return c.renderChannels(v, ChannelsView{}, err)
		}
	}
	way := "up"
	if down {
		way = "down"
	}
	http.Redirect(v.w, v.Request, v.in("/channels?moved="+v.PathValue("channel")+"-"+way), http.StatusSeeOther)
	return nil
}

// neighbour is the place next to a channel.
func neighbour(groups []ChannelGroup, channelID string, down bool) (categoryID string, position int, ok bool) {
	for g, group := range groups {
		for i, ch := range group.Channels {
			switch {
			case ch.ID != channelID:
			case down && i < len(group.Channels)-1:
				return group.ID, i + 1, true
			case down && g < len(groups)-1:
				return groups[g+1].ID, 0, true
			case !down && i > 0:
				return group.ID, i - 1, true
			case !down && g > 0:
				return groups[g-1].ID, len(groups[g-1].Channels), true
			}
		}
	}
	return "", 0, false
}

// placeChannel puts a channel where it was dropped: before another one, or at
// the end of a category.
func (c *console) placeChannel(v *visit) error {
	category, before := v.PostFormValue("category"), v.PostFormValue("before")
	channels, err := c.Chat.Channels(v.Context(), v.actor, v.community.ID)
	if err != nil {
		return err
	}
	position := 0
	for _, ch := range channels {
		if ch.CategoryID != category || ch.ID == v.PathValue("channel") {
			continue
		}
		if ch.ID == before {
			break
		}
		position++
	}
	change := chat.Change{CategoryID: &category, Position: &position}
	if _, err := c.Chat.UpdateChannel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"), change); err != nil {
		return c.renderChannels(v, ChannelsView{}, err)
	}
	return v.goTo(v.in("/channels"), "")
}

func (c *console) moveCategory(v *visit) error {
	categories, err := c.Chat.Categories(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	for i, one := range categories {
		if one.ID != v.PathValue("category") {
			continue
		}
		position := i - 1
		if v.PostFormValue("way") == "down" {
			position = i + 1
		}
		if _, err := c.Chat.UpdateCategory(v.Context(), v.actor, v.community.ID, one.ID, chat.CategoryChange{Position: &position}); err != nil {
			return c.renderChannels(v, ChannelsView{}, err)
		}
	}
	way := "up"
	if v.PostFormValue("way") == "down" {
		way = "down"
	}
	http.Redirect(v.w, v.Request, v.in("/channels?moved="+v.PathValue("category")+"-"+way), http.StatusSeeOther)
	return nil
}

func (c *console) showCategory(v *visit) error {
	found, err := c.Chat.Category(v.Context(), v.community.ID, v.PathValue("category"))
	if err != nil {
		return err
	}
	p, err := c.page(v, found.Name, "channels", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, CategoryPage(CategoryView{Page: p, ID: found.ID, Was: found.Name, Name: found.Name}))
}

func (c *console) changeCategory(v *visit) error {
	name := v.PostFormValue("name")
	_, err := c.Chat.UpdateCategory(v.Context(), v.actor, v.community.ID, v.PathValue("category"), chat.CategoryChange{Name: &name})
	if err == nil {
		return v.goTo(v.in("/channels"), "Saved")
	}
	wrong := wrongFields(v.Context(), err)
	if wrong == nil {
		return err
	}
	found, err := c.Chat.Category(v.Context(), v.community.ID, v.PathValue("category"))
	if err != nil {
		return err
	}
	p, err := c.page(v, found.Name, "channels", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusBadRequest, CategoryPage(CategoryView{Page: p, ID: found.ID, Was: found.Name, Name: name, Error: wrong["name"]}))
}

func (c *console) deleteCategory(v *visit) error {
	err := c.Chat.DeleteCategory(v.Context(), v.actor, v.community.ID, v.PathValue("category"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // gone is what was asked for
		return err
	}
	return v.goTo(v.in("/channels"), "The category is deleted; its channels stay")
}
