package ownership

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Ownership) Feature() feature.Feature {
	return feature.Feature{
		Name:       "ownership",
		Jobs:       s.RegisterTransfers,
		Sweeps:     []func(context.Context) error{s.Sweep},
		AuditVerbs: []audit.Verb{"community.delete", "community.restore", "transfer.accept", "transfer.cancel", "transfer.create", "transfer.decline", "transfer.expire", "transfer.withdraw", "user.add_owner", "user.remove_owner"},
	}
}
