// Package block has the operations of the members that a member blocks.
package block

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/clock"
)

// handlers serve the operations.
type handlers struct{ blocks *block.Blocks }

// New returns the area.
func New(blocks *block.Blocks) api.Area {
	h := &handlers{blocks}
	return api.Area{Tag: "Messages", Routes: h.routes}
}

// everyMember also admits keys of communities, which are told that this needs a person.
var everyMember = []actor.Permission{permission.GetMessages, permission.AnyMember}

func (h *handlers) routes(g *api.Group) {
	const path = "/v1/blocks/{userId}"
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/blocks", ID: "listBlocks", Summary: "List the members that you block", Permissions: everyMember,
		Description: "The last one first. User keys need `getMessages`. 403 `person_required` for the key of a community.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "PUT", Path: path, ID: "createBlock", Summary: "Block a member", Permissions: everyMember,
		Description: "You no longer see the messages of the member, who is not informed. Repeating it changes nothing. 400 `cannot_block_yourself`, 404 `user_not_found`, 409 `too_many_blocks` (1,000), 403 `person_required` for the key of a community.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "DELETE", Path: path, ID: "deleteBlock", Summary: "Remove a block", Permissions: everyMember,
		Description: "Repeating it changes nothing. 404 `user_not_found`, 403 `person_required` for the key of a community.",
	}, h.delete)
}

type blockView struct {
	User      wire.Participant `json:"user"`
	CreatedAt string           `json:"createdAt" format:"date-time"`
}

type blockPath struct {
	wire.UserPath
	wire.CommunityQuery
}

func view(communityID string, b block.Block) blockView {
	return blockView{wire.NewParticipant(communityID, b.Blocked), clock.Format(b.CreatedAt)}
}

func (h *handlers) list(ctx context.Context, _ *wire.CommunityQuery) (*api.Answer[[]blockView], error) {
	communityID := api.CommunityID(ctx)
	found, err := h.blocks.List(ctx, actor.FromContext(ctx), communityID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Members that you block", api.Convert(found, func(b block.Block) blockView { return view(communityID, b) })), nil
}

func (h *handlers) create(ctx context.Context, in *blockPath) (*api.Answer[blockView], error) {
	created, err := h.blocks.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Member blocked", view(api.CommunityID(ctx), created)), nil
}

func (h *handlers) delete(ctx context.Context, in *blockPath) (*api.Answer[wire.Deleted], error) {
	unblocked, err := h.blocks.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Block removed", wire.Deleted{ID: unblocked.ID}), nil
}
