package bulk

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (b *Bulk) Feature() feature.Feature {
	return feature.Feature{
		Name:         "bulk",
		Sweeps:       []func(context.Context) error{b.Sweep},
		EraseMembers: b.EraseMembers, KeptByUndo: true, // the details of the jobs stay
		Consumers:  []event.Consumer{{Name: "bulk.mail", Types: []string{EventJobFinished}, Handle: b.notifyAll}},
		Events:     EventTypes,
		Metrics:    []prometheus.Collector{collector{b}},
		AuditVerbs: []audit.Verb{"bulk_job.start", "bulk_job.cancel", "member.export"},
	}
}
