package automation

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Automations) Feature() feature.Feature {
	return feature.Feature{Name: "automation", AuditVerbs: []audit.Verb{"automation.create", "automation.update", "automation.delete"}}
}
