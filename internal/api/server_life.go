package api

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
)

type serverRemoval struct {
	ServerPath
	Confirm string `query:"confirm" maxLength:"400" doc:"The exact name of the community."`
}

type joining struct {
	ServerPath
	Body *struct {
		InviteCode string         `json:"inviteCode,omitempty" maxLength:"200" example:"3f9c1b22a7d0"`
		Fields     map[string]any `json:"fields,omitempty" doc:"What you say of yourself, by the name or _id of a user field: those the community requires, and your name, phone, country and language."`
	} `nameHint:"Joining"`
}

// departed is the data of the answer when somebody is no member any more.
type departed struct {
	ID string `json:"_id" doc:"The community that you have left."`
}

func (a *API) deleteServer(ctx context.Context, in *serverRemoval) (*answer[server], error) {
	closed, err := a.Members.CloseCommunity(ctx, actor.FromContext(ctx), here(ctx), in.Confirm)
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "Community deleted; until erasedAt it can be restored", closed)
}

func (a *API) restoreServer(ctx context.Context, in *ServerPath) (*answer[server], error) {
	restored, err := a.Members.RestoreCommunity(ctx, actor.FromContext(ctx), in.ServerID, a.Communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "Community restored", restored)
}

func (a *API) joinServer(ctx context.Context, in *joining) (*answer[server], error) {
	var how member.JoinHow
	if in.Body != nil {
		how.InviteCode = in.Body.InviteCode
		for name, value := range in.Body.Fields {
			how.Fields = append(how.Fields, member.FieldValue{Field: name, Value: value})
		}
	}
	if err := a.Members.Join(ctx, actor.FromContext(ctx), in.ServerID, how); err != nil {
		return nil, err
	}
	joined, err := a.Communities.Get(ctx, in.ServerID)
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "You have joined the community", joined)
}

func (a *API) leaveServer(ctx context.Context, in *ServerPath) (*answer[departed], error) {
	if err := a.Members.Leave(ctx, actor.FromContext(ctx), in.ServerID); err != nil {
		return nil, err
	}
	return respond("You have left the community", departed{in.ServerID}), nil
}
