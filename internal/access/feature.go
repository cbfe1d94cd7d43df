package access

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (a *Access) Feature() feature.Feature {
	return feature.Feature{
		Name:       "access",
		Sweeps:     []func(context.Context) error{a.Sweep},
		AuditVerbs: []audit.Verb{"api_key.create", "api_key.update", "api_key.rotate", "api_key.delete", "community.create", "community.update", "role.create", "role.update", "role.delete", "session.link"},
	}
}
