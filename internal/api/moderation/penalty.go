package moderation

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/moderation"
)

var viewPenalties = []actor.Permission{permission.ViewPenalties}

func (h *handlers) penaltyRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}/penalties", ID: "listPenalties", Summary: "List penalties",
		Permissions: viewPenalties,
		Description: "The misconduct log: newest first, including lifted penalties.",
	}, h.listPenalties)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/penalties", ID: "createPenalty", Summary: "Create a penalty",
		Permissions: viewPenalties, Traits: api.Created,
		Description: "The member must rank below you; each kind has its own permission. A suspension ends at `until`.",
	}, h.createPenalty)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/servers/{serverId}/penalties/{penaltyId}", ID: "liftPenalty", Summary: "Lift a penalty",
		Permissions: viewPenalties,
		Description: "Ends a suspension, or allows a banned person to join again. The penalty remains in the log.",
	}, h.liftPenalty)
}

type penalty struct {
	ID           string      `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	User         wire.Person `json:"user"`
	Kind         string      `json:"kind" enum:"warn,suspend,kick,ban"`
	Reason       string      `json:"reason" example:"Spam"`
	Until        *string     `json:"until" format:"date-time" doc:"The end of a suspension; null for other kinds."`
	InForce      bool        `json:"inForce" doc:"It still has an effect."`
	Actor        string      `json:"actor" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"The author: account:<_id>, key:<_id> or command."`
	ActorName    string      `json:"actorName" example:"ada" doc:"The name at that time."`
	CreatedAt    string      `json:"createdAt" format:"date-time"`
	LiftedAt     *string     `json:"liftedAt" format:"date-time" doc:"null: not lifted."`
	LiftedBy     string      `json:"liftedBy,omitempty"`
	LiftedByName string      `json:"liftedByName,omitempty" doc:"The name at that time."`
}

func (h *handlers) penaltyView(p moderation.Penalty) penalty {
	return penalty{
		ID: p.ID, User: wire.Person{ID: p.UserID, UserID: p.Member.Number, Username: p.Member.Username}, Kind: p.Kind, Reason: p.Reason, Until: wire.TimeOrNull(p.Until),
		InForce: h.moderation.InForce(p), Actor: p.Actor, ActorName: p.ActorName, CreatedAt: clock.Format(p.CreatedAt),
		LiftedAt: wire.TimeOrNull(p.LiftedAt), LiftedBy: p.LiftedBy, LiftedByName: p.LifterName,
	}
}

type newPenalty struct {
	wire.ServerPath
	Body struct {
		UserID wire.UserRef `json:"userId" doc:"_id, number, email or username."`
		Kind   string       `json:"kind" enum:"warn,suspend,kick,ban" doc:"warn is only logged; suspend blocks access until its end; kick ends the membership; ban ends it and prevents joining again."`
		Reason string       `json:"reason" example:"Spam" doc:"1 to 500 characters."`
		Until  time.Time    `json:"until,omitempty" doc:"The end of a suspension; required there."`
	} `nameHint:"NewPenalty"`
}

type penaltyQuery struct {
	wire.ServerPath
	wire.CursorInput
	UserID string `query:"userId" maxLength:"400" doc:"Only penalties of this member: _id, number, email or username."`
	Kind   string `query:"kind" enum:"warn,suspend,kick,ban" doc:"Only penalties of this kind."`
}

type penaltyPath struct {
	wire.ServerPath
	PenaltyID string `path:"penaltyId" doc:"The _id of the penalty."`
}

func (h *handlers) listPenalties(ctx context.Context, in *penaltyQuery) (*api.List[penalty, wire.Cursor], error) {
	found, next, err := h.moderation.Penalties(ctx, actor.FromContext(ctx), api.CommunityID(ctx), moderation.PenaltyFilter{User: in.UserID, Kind: in.Kind, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return api.RespondList("Misconduct log", api.Convert(found, h.penaltyView), wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) createPenalty(ctx context.Context, in *newPenalty) (*api.Answer[penalty], error) {
	b := &in.Body
	input := moderation.PenaltyInput{User: string(b.UserID), Kind: b.Kind, Reason: b.Reason}
	if !b.Until.IsZero() {
		input.Until = b.Until.UnixMilli()
	}
	created, err := h.moderation.Penalise(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input)
	if err != nil {
		return nil, err
	}
	return api.Respond("Penalty created", h.penaltyView(created)), nil
}

func (h *handlers) liftPenalty(ctx context.Context, in *penaltyPath) (*api.Answer[penalty], error) {
	lifted, err := h.moderation.LiftPenalty(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.PenaltyID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Penalty lifted", h.penaltyView(lifted)), nil
}
