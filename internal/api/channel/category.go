package channel

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) categoryRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/channel-categories", ID: "listChannelCategories", Summary: "List channel categories",
		Permissions: seeChannels,
		Description: "Lists the categories in their order, without pages.",
	}, h.listCategories)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/channel-categories", ID: "createChannelCategory", Summary: "Create a channel category",
		Permissions: manageChannels, Traits: api.Created,
		Description: "The category is added at the end. 400 `invalid_input`.",
	}, h.createCategory)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/channel-categories/{categoryId}", ID: "updateChannelCategory", Summary: "Update a channel category",
		Permissions: manageChannels,
		Description: "Changes the given fields. 404 `category_not_found`.",
	}, h.updateCategory)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/channel-categories/{categoryId}", ID: "deleteChannelCategory", Summary: "Delete a channel category",
		Permissions: manageChannels,
		Description: "Its channels are kept without a category.",
	}, h.deleteCategory)
}

type category struct {
	ID        string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name      string `json:"name" example:"Matches"`
	Position  int    `json:"position" doc:"Position among the categories."`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

func newCategoryView(c chat.Category) category {
	return category{c.ID, c.Name, c.Position, clock.Format(c.CreatedAt)}
}

type newCategory struct {
	Body struct {
		api.BodyCommunity
		Name string `json:"name" example:"Matches" doc:"1 to 100 characters."`
	} `nameHint:"NewChannelCategory"`
}

// CategoryPath is the part of an input that names a category in the path.
type CategoryPath struct {
	CategoryID string `path:"categoryId" doc:"The _id of the category."`
}

type categoryPath struct {
	CategoryPath
	wire.CommunityQuery
}

type categoryChange struct {
	CategoryPath
	Body struct {
		api.BodyCommunity
		Name     *string `json:"name,omitempty" example:"Matches" doc:"1 to 100 characters."`
		Position *int    `json:"position,omitempty" doc:"The new position: before the category that has it now; a large number is the end."`
	} `nameHint:"ChannelCategoryChange"`
}

func (h *handlers) listCategories(ctx context.Context, _ *wire.CommunityQuery) (*api.Answer[[]category], error) {
	found, err := h.chat.Categories(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Channel categories of the community", api.Convert(found, newCategoryView)), nil
}

func (h *handlers) createCategory(ctx context.Context, in *newCategory) (*api.Answer[category], error) {
	created, err := h.chat.CreateCategory(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.Name)
	if err != nil {
		return nil, err
	}
	return api.Respond("Channel category created", newCategoryView(created)), nil
}

func (h *handlers) updateCategory(ctx context.Context, in *categoryChange) (*api.Answer[category], error) {
	change := chat.CategoryChange{Name: in.Body.Name, Position: in.Body.Position}
	changed, err := h.chat.UpdateCategory(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.CategoryID, change)
	if err != nil {
		return nil, err
	}
	return api.Respond("Channel category updated", newCategoryView(changed)), nil
}

func (h *handlers) deleteCategory(ctx context.Context, in *categoryPath) (*api.Answer[wire.Deleted], error) {
	if err := h.chat.DeleteCategory(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.CategoryID); err != nil {
		return nil, err
	}
	return api.Respond("Channel category deleted", wire.Deleted{ID: in.CategoryID}), nil
}
