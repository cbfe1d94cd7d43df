package milestone

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/progress/completion"
)

type userMilestonesInput struct {
	Body struct {
		api.BodyCommunity
		wire.Naming
		Group *string `json:"group,omitempty" doc:"Only milestones of this group."`
	} `nameHint:"UserMilestonesInput"`
}

type userMilestones struct {
	UserID     string          `json:"user_id"`
	Milestones []userMilestone `json:"milestones" nullable:"false"`
}

type userMilestone struct {
	ID          string              `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name        string              `json:"name" example:"Verify identity"`
	Group       string              `json:"group" example:"Start"`
	Order       int64               `json:"order"`
	Description string              `json:"description"`
	Status      string              `json:"status" enum:"upcoming,open,completed,expired"`
	Progress    []milestoneProgress `json:"progress" nullable:"false" doc:"Of each condition, in their order."`
	StartedAt   string              `json:"startedAt" format:"date-time" doc:"The start of the milestone or the joining of the user, the later one."`
	BoostEndsAt *string             `json:"boostEndsAt" format:"date-time" nullable:"true" doc:"null: there is no boost, or it does not end."`
	EndsAt      *string             `json:"endsAt" format:"date-time" nullable:"true"`
	CompletedAt *string             `json:"completedAt" format:"date-time" nullable:"true"`
	Rewards     milestoneRewards    `json:"rewards" doc:"Without the boost; of a completed milestone what the completion paid."`
	Boosted     *bool               `json:"boosted" nullable:"true" doc:"null: not completed."`
}

type milestoneProgress struct {
	Action  string `json:"action,omitempty" example:"messages"`
	FieldID string `json:"fieldId,omitempty" doc:"In place of action."`
	Value   any    `json:"value" doc:"The count, or the value of the field; null: none."`
	Needed  any    `json:"needed" doc:"The count or the value; null: any value."`
	Met     bool   `json:"met"`
}

func newUserMilestone(s completion.State) userMilestone {
	v := userMilestone{
		ID: s.ID, Name: s.Name, Group: s.Group, Order: s.Order, Description: s.Description, Status: s.Status, StartedAt: clock.Format(s.Start),
		BoostEndsAt: wire.TimeOrNull(s.BoostEnd), EndsAt: wire.TimeOrNull(s.EndsAt), Rewards: newRewards(s.Reward),
		Progress: api.Convert(s.Progress, func(p condition.Progress) milestoneProgress {
			return milestoneProgress{p.Action, p.FieldID, p.Value, p.Needed, p.Met}
		}),
	}
	if c := s.Completion; c != nil {
		v.CompletedAt, v.Boosted, v.Rewards = wire.TimeOrNull(c.At), &c.Boosted, newRewards(c.Paid)
	}
	return v
}

func (h *handlers) ofUser(ctx context.Context, in *userMilestonesInput) (*api.Answer[userMilestones], error) {
	userID, list, err := h.completions.Of(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.Names(), in.Body.Group)
	if err != nil {
		return nil, err
	}
	return api.Respond("Milestones of the user", userMilestones{userID, api.Convert(list, newUserMilestone)}), nil
}
