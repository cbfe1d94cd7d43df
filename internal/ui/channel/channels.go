package channel

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showChannels(v *ui.Request) error {
	return h.renderChannels(v, ChannelsView{Focus: v.URL.Query().Get("moved")}, nil)
}

func (h *handlers) renderChannels(v *ui.Request, view ChannelsView, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Page, err = h.Page(v, "Channels", "channels", "Channels in the order that members see."); err != nil {
		return err
	}
	view.Alert = refused
	if view.Wrong != "" {
		view.Alert = ui.Alert{}
	}
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Groups = ui.GroupChannels(categories, channels)
	if view.Wrong == "" {
		view.Origins = strings.Join(v.Community.Settings.AllowedFrameOrigins, "\n")
	}
	view.Settled = h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.ManageCommunity) != nil
	return ui.Render(v, status, ChannelsPage(view))
}

func (h *handlers) changeOrigins(v *ui.Request) error {
	text := v.PostFormValue("origins")
	origins := ui.Lines(text)
	if origins == nil {
		origins = []string{}
	}
	_, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, community.Change{AllowedFrameOrigins: &origins})
	if err != nil {
		return h.renderChannels(v, ChannelsView{Origins: text, Wrong: ui.FieldErrors(v.Context(), err)["allowedFrameOrigins"]}, err)
	}
	return v.Redirect(v.In("/channels"), "Saved")
}

// moveChannel moves a channel by one, over the edge of its category into the
// next one.
func (h *handlers) moveChannel(v *ui.Request) error {
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	down := v.PostFormValue("way") == "down"
	group, position, ok := neighbour(ui.GroupChannels(categories, channels), v.PathValue("channel"), down)
	if ok {
		change := chat.Change{CategoryID: &group, Position: &position}
		if _, err := h.Chat.UpdateChannel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"), change); err != nil {
			return h.renderChannels(v, ChannelsView{}, err)
		}
	}
	way := "up"
	if down {
		way = "down"
	}
	http.Redirect(v.W, v.Request, v.In("/channels?moved="+v.PathValue("channel")+"-"+way), http.StatusSeeOther)
	return nil
}

// neighbour is the place next to a channel.
func neighbour(groups []ui.ChannelGroup, channelID string, down bool) (categoryID string, position int, ok bool) {
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
func (h *handlers) placeChannel(v *ui.Request) error {
	category, before := v.PostFormValue("category"), v.PostFormValue("before")
	channels, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
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
	if _, err := h.Chat.UpdateChannel(v.Context(), v.Actor, v.Community.ID, v.PathValue("channel"), change); err != nil {
		return h.renderChannels(v, ChannelsView{}, err)
	}
	return v.Redirect(v.In("/channels"), "")
}

// ChannelsView is the tree of categories and channels.
type ChannelsView struct {
	ui.Page
	Groups  []ui.ChannelGroup // the first has the channels without a category
	Name    string            // of a rejected category
	Focus   string            // the id of the moved channel or category, a dash and the direction
	Origins string            // one a line
	Settled bool              // the person may not change Origins
	Wrong   string            // why Origins were refused
}
