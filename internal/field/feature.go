package field

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Fields) Feature() feature.Feature {
	return feature.Feature{
		Name:       "field",
		AuditVerbs: []audit.Verb{"field.create"},
	}
}
