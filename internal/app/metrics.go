package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/jobs"
)

// metrics are the Prometheus metrics of /metrics.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(p *Services) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "regulars_http_request_duration_seconds", Help: "Time from the first byte of a request to the last byte of its response.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&queueCollector{p}, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "regulars_mails_held_back_total", Help: "Mails not written because of the hourly limit per recipient.",
		}, func() float64 { return float64(p.Mail.SuppressedTotal()) }), prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "regulars_members_skipped_total", Help: "Members skipped by jobs over all members because the database rejected the new row.",
		}, func() float64 { return float64(p.Members.SkippedTotal()) }))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// observe records a request. Labels have few values: the pattern of the route
// instead of the path, and known methods only.
func (m *metrics) observe(o httpx.Observed) {
	route := "other"
	if c := chi.RouteContext(o.Request.Context()); c != nil && c.RoutePattern() != "" {
		route = c.RoutePattern()
	}
	method := o.Request.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "OTHER"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(o.Status)).Observe(o.Duration.Seconds())
}

func setRouteContext(ctx context.Context, c *chi.Context) context.Context {
	return context.WithValue(ctx, chi.RouteCtxKey, c)
}

// queueCollector reads the state of the queue from the database at each scrape;
// all nodes report the same.
type queueCollector struct{ services *Services }

var (
	deadJobsDesc    = prometheus.NewDesc("regulars_dead_jobs", "Jobs that were given up, by kind.", []string{"kind"}, nil)
	waitingJobsDesc = prometheus.NewDesc("regulars_waiting_jobs", "Jobs waiting for a worker, by kind.", []string{"kind"}, nil)
	oldestWaitDesc  = prometheus.NewDesc("regulars_jobs_oldest_wait_seconds", "Longest time a job has been waiting for a worker, by kind.", []string{"kind"}, nil)

	jobsDesc      = prometheus.NewDesc("regulars_jobs", "Jobs of all nodes by state.", []string{"state"}, nil)
	bulkJobsDesc  = prometheus.NewDesc("regulars_bulk_jobs_total", "Finished bulk jobs without dry runs.", []string{"type", "status"}, nil)
	bulkRowsDesc  = prometheus.NewDesc("regulars_bulk_rows_total", "Rows of these jobs by outcome.", []string{"type", "outcome"}, nil)
	bulkFilesDesc = prometheus.NewDesc("regulars_bulk_files_bytes", "Size of the stored files of bulk jobs.", nil, nil)
	nodesDesc     = prometheus.NewDesc("regulars_nodes", "Nodes that are alive.", nil, nil)
)

// Describe implements prometheus.Collector.
func (q *queueCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{jobsDesc, nodesDesc, bulkJobsDesc, bulkRowsDesc, deadJobsDesc, waitingJobsDesc, oldestWaitDesc, bulkFilesDesc} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. If the database does not respond the
// metrics are missing; alert on their absence.
func (q *queueCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if live, err := q.services.Jobs.LiveNodes(ctx); err == nil {
		to <- prometheus.MustNewConstMetric(nodesDesc, prometheus.GaugeValue, float64(live))
	}
	if stats, err := q.services.Jobs.Stats(ctx); err == nil {
		for state, n := range map[string]int64{
			"waiting": stats.Waiting, "queued": stats.Queued, "running": stats.Running, "dead": stats.Dead, "cancelled": stats.Cancelled,
		} {
			to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(n), state)
		}
	}
	if kinds, err := q.services.Jobs.KindStats(ctx); err == nil {
		collectKinds(kinds, q.services.clock.MS(), to)
	}
	if totals, err := q.services.Bulk.Totals(ctx); err == nil {
		collectBulk(totals, to)
	}
	if stored, err := q.services.Bulk.Storages(ctx); err == nil {
		sum := int64(0)
		for _, s := range stored {
			sum += s.UsedBytes
		}
		to <- prometheus.MustNewConstMetric(bulkFilesDesc, prometheus.GaugeValue, float64(sum))
	}
}

func collectKinds(kinds []jobs.KindStats, now int64, to chan<- prometheus.Metric) {
	for _, k := range kinds {
		wait := int64(0)
		if k.OldestAt > 0 {
			wait = max(0, now-k.OldestAt)
		}
		to <- prometheus.MustNewConstMetric(deadJobsDesc, prometheus.GaugeValue, float64(k.Dead), k.Kind)
		to <- prometheus.MustNewConstMetric(waitingJobsDesc, prometheus.GaugeValue, float64(k.Waiting), k.Kind)
		to <- prometheus.MustNewConstMetric(oldestWaitDesc, prometheus.GaugeValue, float64(wait)/1000, k.Kind)
	}
}

func collectBulk(totals []bulk.Totals, to chan<- prometheus.Metric) {
	rows := map[string]bulk.Counts{}
	for _, t := range totals {
		to <- prometheus.MustNewConstMetric(bulkJobsDesc, prometheus.CounterValue, float64(t.Jobs), t.Type, t.Status)
		sum := rows[t.Type]
		sum.Created += t.Counts.Created
		sum.Updated += t.Counts.Updated
		sum.Unchanged += t.Counts.Unchanged
		sum.Skipped += t.Counts.Skipped
		sum.Failed += t.Counts.Failed
		rows[t.Type] = sum
	}
	for kind, c := range rows {
		for outcome, n := range map[string]int64{"created": c.Created, "updated": c.Updated, "unchanged": c.Unchanged, "skipped": c.Skipped, "failed": c.Failed} {
			to <- prometheus.MustNewConstMetric(bulkRowsDesc, prometheus.CounterValue, float64(n), kind, outcome)
		}
	}
}
