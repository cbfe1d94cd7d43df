package api

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

type transferRequest struct {
	ServerPath
	Body struct {
		UserID  reference `json:"userId" doc:"_id, number, email or username of the member who is to own the community, or external: and the externalId."`
		Confirm string    `json:"confirm,omitempty" maxLength:"400" doc:"The exact name of the community." example:"Rovers"`
	} `nameHint:"TransferRequest"`
}

type transferCreated struct {
	TransferID string `json:"transferId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	ExpiresAt  string `json:"expiresAt" format:"date-time" doc:"Until when the member can accept: seven days."`
}

func (a *API) transferServer(ctx context.Context, in *transferRequest) (*answer[transferCreated], error) {
	made, err := a.Members.RequestTransfer(ctx, actor.FromContext(ctx), here(ctx), member.TransferInput{
		User: string(in.Body.UserID), Confirm: in.Body.Confirm,
	})
	if err != nil {
		return nil, err
	}
	return respond("The community is offered to the member", transferCreated{made.ID, clock.Format(made.ExpiresAt)}), nil
}
