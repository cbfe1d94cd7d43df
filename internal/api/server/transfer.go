package server

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ownership"
)

func (h *handlers) transferRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/transfer", ID: "transferServer", Summary: "Transfer a community",
		Permissions: anyMember, Traits: api.Accepted,
		Description: "Offers the ownership to a member, who accepts or declines in the console or with the link in a mail within seven days. Requires an owner (403 `owner_required`) in a session (403 `session_required`), within ten minutes of the sign-in (403 `proof_required`). `confirm` repeats the name: 400 `confirm_required`. 409 `transfer_pending` while another offer is open, `member_suspended`, or `member_pending` for a member who has not signed in with a verified account. When the member accepts, you become a member with the highest role that has `server_administrator`, if there is one.",
	}, h.transferServer)
}

type transferRequest struct {
	wire.ServerPath
	Body struct {
		UserID  wire.UserRef `json:"userId" doc:"The future owner: _id, number, email or username of a member, or external: and the external id."`
		Confirm string       `json:"confirm,omitempty" maxLength:"400" doc:"The exact name of the community." example:"Rovers"`
	} `nameHint:"TransferRequest"`
}

type transferCreated struct {
	TransferID string `json:"transferId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	ExpiresAt  string `json:"expiresAt" format:"date-time" doc:"The end of the offer, after seven days."`
}

func (h *handlers) transferServer(ctx context.Context, in *transferRequest) (*api.Answer[transferCreated], error) {
	offer, err := h.ownership.RequestTransfer(ctx, actor.FromContext(ctx), api.CommunityID(ctx), ownership.TransferInput{
		User: string(in.Body.UserID), Confirm: in.Body.Confirm,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("The community is offered to the member", transferCreated{offer.ID, clock.Format(offer.ExpiresAt)}), nil
}
