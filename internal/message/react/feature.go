package react

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (r *Reactions) Feature() feature.Feature {
	return feature.Feature{Name: "react", AuditVerbs: []audit.Verb{verbRemove}}
}
