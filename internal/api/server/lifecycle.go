package server

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
)

func (h *handlers) lifecycleRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/servers/{serverId}", ID: "deleteServer", Summary: "Delete a community",
		Permissions: manageCommunity,
		Description: "Requires an owner; `confirm` repeats the name. The community is hidden and its keys are invalid until an owner restores it. After the retention time it is erased.",
	}, h.deleteServer)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/restore", ID: "restoreServer", Summary: "Restore a deleted community",
		Permissions: manageCommunity, Traits: api.PerUser | api.MayBeGone,
		Description: "Restores everything. 410 `community_erased` after the retention time.",
	}, h.restoreServer)
}

type deletion struct {
	wire.ServerPath
	Confirm string `query:"confirm" maxLength:"400" doc:"The exact name of the community."`
}

func (h *handlers) deleteServer(ctx context.Context, in *deletion) (*api.Answer[server], error) {
	deleted, err := h.ownership.DeleteCommunity(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Confirm)
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "Community deleted; until erasedAt it can be restored", deleted)
}

func (h *handlers) restoreServer(ctx context.Context, in *wire.ServerPath) (*api.Answer[server], error) {
	restored, err := h.ownership.RestoreCommunity(ctx, actor.FromContext(ctx), in.ServerID, h.communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "Community restored", restored)
}
