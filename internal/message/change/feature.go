package change

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/message"
)

// Feature describes the package to the application.
func (s *Changes) Feature() feature.Feature {
	return feature.Feature{
		Name: "change", Jobs: func(e *jobs.Engine) { jobs.Register(e, s.clear) }, Sweeps: []func(context.Context) error{s.sweepDeleted}, EraseMembers: s.EraseMembers, EraseContent: s.EraseContent,
		AuditVerbs: []audit.Verb{verbDelete, verbDeleteRecent, verbPin, verbUnpin},
		Limits:     []feature.Limit{{Name: "channel_pins", Value: message.MaxPins, Unit: "messages"}},
	}
}
