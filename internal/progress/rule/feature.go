package rule

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/presence"
)

// Feature describes the package to the application.
func (r *Rules) Feature() feature.Feature {
	return feature.Feature{
		Name: "rule", AuditVerbs: []audit.Verb{"xp_settings.update"}, EraseMembers: EraseMembers, Sweeps: []func(context.Context) error{r.sweep},
		Consumers: []event.Consumer{{
			Name: "rule", Handle: r.apply,
			Types: []string{message.EventPosted, message.EventDeleted, message.EventReactionAdded, presence.EventVisited, member.EventUpdated},
		}},
	}
}

// keepDays are the days for which payments are stored: longer than any consumer is late.
const keepDays = 100

func (r *Rules) sweep(ctx context.Context) error {
	return deletePayments(ctx, r.d.DB, community.DayOf(r.d.Clock.Now())-keepDays)
}
