package fieldchange

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Changes) Feature() feature.Feature {
	return feature.Feature{
		Name:       "fieldchange",
		Jobs:       s.RegisterJobs,
		Sweeps:     []func(context.Context) error{s.Sweep},
		AuditVerbs: []audit.Verb{"field.update", "field.delete", "field.order"},
	}
}
