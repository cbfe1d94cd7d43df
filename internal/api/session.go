package api

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
)

type session struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Current     bool   `json:"current" doc:"The session of this request."`
	CommunityID string `json:"communityId,omitempty" doc:"The only community it works in; absent: all."`
	Host        string `json:"host,omitempty" doc:"The system that began it, as it calls itself."`
	UserAgent   string `json:"userAgent"`
	Address     string `json:"address" doc:"Of the network it began in."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
	LastSeenAt  string `json:"lastSeenAt" format:"date-time" doc:"To about a minute."`
	ExpiresAt   string `json:"expiresAt" format:"date-time"`
}

type sessionPath struct {
	SessionID string `path:"sessionId" doc:"The _id of the session." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

func (a *API) listSessions(ctx context.Context, _ *struct{}) (*answer[[]session], error) {
	actor := actor.FromContext(ctx)
	sessions, err := a.Accounts.Sessions(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	wire := func(s account.SessionView) session {
		return session{
			ID: s.ID, Current: s.ID == actor.SessionID, CommunityID: s.CommunityID, Host: s.Host, UserAgent: s.UserAgent, Address: s.Address,
			CreatedAt: clock.Format(s.CreatedAt), LastSeenAt: clock.Format(s.SeenAt), ExpiresAt: clock.Format(s.ExpiresAt),
		}
	}
	return respond("Your sessions", convert(sessions, wire)), nil
}

func (a *API) endSession(ctx context.Context, in *sessionPath) (*answer[deleted], error) {
	if err := a.Accounts.EndSession(ctx, actor.FromContext(ctx).AccountID, in.SessionID); err != nil {
		return nil, err
	}
	return respond("Session ended", deleted{in.SessionID}), nil
}
