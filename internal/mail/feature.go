package mail

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (m *Mail) Feature() feature.Feature {
	return feature.Feature{
		Name:   "mail",
		Sweeps: []func(context.Context) error{m.Sweep},
		Metrics: []prometheus.Collector{prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "regulars_mails_held_back_total", Help: "Mails not written because of the hourly limit per recipient.",
		}, func() float64 { return float64(m.SuppressedTotal()) })},
	}
}
