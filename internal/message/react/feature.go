package react

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/message"
)

// Feature describes the package to the application.
func (r *Reactions) Feature() feature.Feature {
	return feature.Feature{
		Name: "react", AuditVerbs: []audit.Verb{verbRemove},
		Limits: []feature.Limit{{Name: "message_reaction_kinds", Value: message.MaxReactionKinds, Unit: "kinds"}},
	}
}
