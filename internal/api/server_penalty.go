package api

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

type penalty struct {
	ID           string  `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	User         person  `json:"user"`
	Kind         string  `json:"kind" enum:"warn,suspend,kick,ban"`
	Reason       string  `json:"reason" example:"Spam"`
	Until        *string `json:"until" format:"date-time" doc:"The end of a suspension; else null."`
	InForce      bool    `json:"inForce" doc:"It still keeps the member from something."`
	Actor        string  `json:"actor" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"Who gave it: account:<_id>, key:<_id> or command."`
	ActorName    string  `json:"actorName" example:"ada" doc:"As it was then."`
	CreatedAt    string  `json:"createdAt" format:"date-time"`
	LiftedAt     *string `json:"liftedAt" format:"date-time" doc:"null: it was not lifted."`
	LiftedBy     string  `json:"liftedBy,omitempty"`
	LiftedByName string  `json:"liftedByName,omitempty" doc:"As it was then."`
}

func (a *API) wirePenalty(p member.Penalty) penalty {
	return penalty{
		ID: p.ID, User: person{p.UserID, p.Member.Number, p.Member.Username}, Kind: p.Kind, Reason: p.Reason, Until: orNull(p.Until),
		InForce: a.Members.InForce(p), Actor: p.Actor, ActorName: p.ActorName, CreatedAt: clock.Format(p.CreatedAt),
		LiftedAt: orNull(p.LiftedAt), LiftedBy: p.LiftedBy, LiftedByName: p.LifterName,
	}
}

type newPenalty struct {
	ServerPath
	Body struct {
		UserID reference `json:"userId" doc:"_id, number, email or username."`
		Kind   string    `json:"kind" enum:"warn,suspend,kick,ban" doc:"warn is written down; suspend keeps out until its end; kick ends the membership; ban does, and lets nobody join again."`
		Reason string    `json:"reason" example:"Spam" doc:"1 to 500 characters."`
		Until  time.Time `json:"until,omitempty" doc:"The end of a suspension, and needed there."`
	} `nameHint:"NewPenalty"`
}

type penaltyQuery struct {
	ServerPath
	CursorInput
	UserID string `query:"userId" maxLength:"400" doc:"Only penalties of this member: _id, number, email or username."`
	Kind   string `query:"kind" enum:"warn,suspend,kick,ban" doc:"Only penalties of this kind."`
}

type penaltyPath struct {
	ServerPath
	PenaltyID string `path:"penaltyId" doc:"The _id of the penalty."`
}

func (a *API) listPenalties(ctx context.Context, in *penaltyQuery) (*list[penalty, cursor], error) {
	found, next, err := a.Members.Penalties(ctx, here(ctx), member.PenaltyFilter{User: in.UserID, Kind: in.Kind, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return respondList("Misconduct log", convert(found, a.wirePenalty), cursorMeta(in.Limit, next)), nil
}

func (a *API) createPenalty(ctx context.Context, in *newPenalty) (*answer[penalty], error) {
	b := &in.Body
	wanted := member.PenaltyInput{User: string(b.UserID), Kind: b.Kind, Reason: b.Reason}
	if !b.Until.IsZero() {
		wanted.Until = b.Until.UnixMilli()
	}
	given, err := a.Members.Penalise(ctx, actor.FromContext(ctx), here(ctx), wanted)
	if err != nil {
		return nil, err
	}
	return respond("Penalty given", a.wirePenalty(given)), nil
}

func (a *API) liftPenalty(ctx context.Context, in *penaltyPath) (*answer[penalty], error) {
	lifted, err := a.Members.LiftPenalty(ctx, actor.FromContext(ctx), here(ctx), in.PenaltyID)
	if err != nil {
		return nil, err
	}
	return respond("Penalty lifted", a.wirePenalty(lifted)), nil
}
