package auth

import (
	"context"

	accountsession "github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) sessionRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/auth/sessions", ID: "listSessions", Summary: "List your sessions",
		Permissions: signedIn, Traits: api.PerUser,
		Description: "Ordered by last use, latest first.",
	}, h.listSessions)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/auth/sessions/{sessionId}", ID: "endSession", Summary: "End a session",
		Permissions: signedIn, Traits: api.PerUser,
		Description: "The token of the session is rejected from the next request on. 404 `session_not_found`.",
	}, h.endSession)
}

type session struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Current     bool   `json:"current" doc:"The session of this request."`
	CommunityID string `json:"communityId,omitempty" doc:"The only community in which it is valid; absent: all."`
	Host        string `json:"host,omitempty" doc:"The name of the system that started it."`
	UserAgent   string `json:"userAgent"`
	Address     string `json:"address" doc:"The network address at its start."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
	LastSeenAt  string `json:"lastSeenAt" format:"date-time" doc:"Accurate to about a minute."`
	ExpiresAt   string `json:"expiresAt" format:"date-time"`
}

type sessionPath struct {
	SessionID string `path:"sessionId" doc:"The _id of the session." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

func (h *handlers) listSessions(ctx context.Context, _ *struct{}) (*api.Answer[[]session], error) {
	actor := actor.FromContext(ctx)
	sessions, err := h.accounts.Sessions.List(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	view := func(s accountsession.View) session {
		return session{
			ID: s.ID, Current: s.ID == actor.SessionID, CommunityID: s.CommunityID, Host: s.Host, UserAgent: s.UserAgent, Address: s.Address,
			CreatedAt: clock.Format(s.CreatedAt), LastSeenAt: clock.Format(s.SeenAt), ExpiresAt: clock.Format(s.ExpiresAt),
		}
	}
	return api.Respond("Your sessions", api.Convert(sessions, view)), nil
}

func (h *handlers) endSession(ctx context.Context, in *sessionPath) (*api.Answer[wire.Deleted], error) {
	if err := h.accounts.Sessions.End(ctx, actor.FromContext(ctx).AccountID, in.SessionID); err != nil {
		return nil, err
	}
	return api.Respond("Session ended", wire.Deleted{ID: in.SessionID}), nil
}
