package badge

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Badges) Feature() feature.Feature {
	return feature.Feature{Name: "progress/badge", AuditVerbs: []audit.Verb{"badge.create", "badge.update", "badge.delete"}}
}
