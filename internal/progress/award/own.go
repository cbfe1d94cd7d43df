package award

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/count"
)

// Own is what the actor's member has reached of a badge.
type Own struct {
	AwardedAt int64                // Unix milliseconds; 0: the member does not have it
	Progress  []condition.Progress // of an automatic badge
}

// Own returns what the actor's member has reached of badges, by their ids. It fails as
// access.Can does for ViewBadges, or with NotFound "user_not_found".
func (s *Awards) Own(ctx context.Context, caller actor.Actor, communityID string, badges []badge.Badge) (map[string]Own, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewBadges); err != nil {
		return nil, err
	}
	self, err := directory.Self(ctx, s.d.DB, caller, communityID)
	if err != nil {
		return nil, err
	}
	needs := make([]condition.Node, 0, len(badges))
	for i := range badges {
		if badges[i].IsAutomatic() {
			needs = append(needs, badges[i].Needs())
		}
	}
	now, err := figure.Now(ctx, s.d.DB, s.d.Clock, communityID)
	if err != nil {
		return nil, err
	}
	values, err := count.Values(ctx, s.d.DB, now, communityID, []string{self.ID}, needs, count.Span{})
	if err != nil {
		return nil, err
	}
	held, err := selectHeldAt(ctx, s.d.DB, communityID, self.ID)
	if err != nil {
		return nil, err
	}
	own := make(map[string]Own, len(badges))
	for i := range badges {
		one := Own{AwardedAt: held[badges[i].ID]}
		if badges[i].IsAutomatic() {
			need := badges[i].Needs()
			one.Progress = need.Progress(values[self.ID])
		}
		own[badges[i].ID] = one
	}
	return own, nil
}
