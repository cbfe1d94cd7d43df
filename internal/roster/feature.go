package roster

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
)

// Feature describes the package to the application.
func (s *Roster) Feature() feature.Feature {
	return feature.Feature{
		Name:           "member",
		Events:         member.EventTypes,
		Jobs:           func(engine *jobs.Engine) { s.RegisterJobs(engine) },
		Sweeps:         []func(context.Context) error{s.Sweep},
		EraseCommunity: EraseMemberships,
		AuditVerbs:     []audit.Verb{"tag.create", "tag.delete", "tag.merge", "tag.update", "user.accept", "user.add_role", "user.change_avatar", "user.create", "user.delete", "user.remove_role", "user.restore", "user.update"},
		Metrics: []prometheus.Collector{prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "regulars_members_skipped_total", Help: "Members skipped by jobs over all members because the database rejected the new row.",
		}, func() float64 { return float64(s.SkippedTotal()) })},
	}
}
