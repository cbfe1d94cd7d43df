package message

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/search"
)

func (h *handlers) searchRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/messages/search", ID: "searchMessages", Summary: "Search messages",
		Permissions: getMessages,
		Description: "Messages with all words of `q`, newest first. The last word matches by its beginning unless a space follows; `\"a phrase\"` matches consecutive words. Case, accents and punctuation do not matter. " +
			"Conversations are searched only with their `channel_id`. `highlight` are the places of `message` that match, in UTF-16 units. 400 `invalid_cursor`; 404 `channel_not_found` or `user_not_found`.",
	}, h.search)
}

type searchInput struct {
	wire.CommunityQuery
	wire.CursorInput
	Query     string `query:"q" required:"true" example:"free lunch" doc:"Words to search, at most 200 characters."`
	ChannelID string `query:"channel_id" doc:"Only messages of this channel or conversation."`
	UserID    string `query:"user_id" doc:"Only messages of this user: its _id or number."`
	From      string `query:"from" example:"2026-04-01" doc:"Only messages posted at this time or later: RFC 3339, or a day (UTC)."`
	To        string `query:"to" example:"2026-04-30" doc:"Only messages posted before this time: RFC 3339, or a day (UTC), inclusive."`
	Has       string `query:"has" enum:"image,link" doc:"Only messages with an image, or with a link."`
}

func (h *handlers) search(ctx context.Context, in *searchInput) (*api.List[list.Hit, wire.Cursor], error) {
	s := search.Filter{Query: in.Query, ChannelID: in.ChannelID, User: in.UserID, Has: in.Has, Cursor: in.Cursor, Limit: in.Limit}
	var wrong []errs.Field
	s.From = wire.ParseTime("from", in.From, 0, &wrong)
	s.To = wire.ParseTime("to", in.To, 24*time.Hour, &wrong)
	if err := errs.InvalidFields(wrong); err != nil {
		return nil, err
	}
	found, next, err := h.Lists.Search(ctx, actor.FromContext(ctx), api.CommunityID(ctx), s)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Messages found", found, wire.NewCursor(in.Limit, next)), nil
}
