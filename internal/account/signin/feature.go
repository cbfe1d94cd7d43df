package signin

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (a *Accounts) Feature() feature.Feature {
	return feature.Feature{
		Name:       "account",
		Jobs:       a.RegisterJobs,
		Sweeps:     []func(context.Context) error{a.Sweep},
		AuditVerbs: []audit.Verb{"mail.stop"},
	}
}
