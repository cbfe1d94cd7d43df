package milestone

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Milestones) Feature() feature.Feature {
	return feature.Feature{Name: "progress/milestone", AuditVerbs: []audit.Verb{"milestone.create", "milestone.update", "milestone.delete"}}
}
