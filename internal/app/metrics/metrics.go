// Package metrics contains the metrics of a server for Prometheus.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Metrics are the metrics of /metrics.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// New returns the metrics of requests, jobs, nodes and commits, and those of the
// features.
func New(db *sqldb.DB, engine *jobs.Engine, now clock.Clock, features []feature.Feature) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "regulars_http_request_duration_seconds", Help: "Time from the first byte of a request to the last byte of its response.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&queueCollector{engine, now})
	if db.Dialect() == sqldb.SQLite {
		m.registry.MustRegister(commitCounters(db)...)
	}
	for _, f := range features {
		m.registry.MustRegister(f.Metrics...)
	}
	return m
}

// commitCounters returns how many transactions the commits of SQLite have served.
func commitCounters(db *sqldb.DB) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "regulars_sqlite_commits_total", Help: "Durable commits of SQLite, each with one fsync of its log."},
			func() float64 { commits, _ := db.GroupCommits(); return float64(commits) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "regulars_sqlite_transactions_total", Help: "Transactions in durable commits of SQLite."},
			func() float64 { _, transactions := db.GroupCommits(); return float64(transactions) }),
	}
}

// Handler responds with the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Observe records a request. Labels have few values: the pattern of the route
// instead of the path, and known methods only.
func (m *Metrics) Observe(o httpx.Observed) {
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

// queueCollector reads the state of the queue from the database at each scrape;
// all nodes report the same.
type queueCollector struct {
	jobs  *jobs.Engine
	clock clock.Clock
}

var nodeLabels = []string{"node", "version"}

var (
	deadJobsDesc    = prometheus.NewDesc("regulars_dead_jobs", "Jobs that were given up, by kind.", []string{"kind"}, nil)
	waitingJobsDesc = prometheus.NewDesc("regulars_waiting_jobs", "Jobs waiting for a worker, by kind.", []string{"kind"}, nil)
	oldestWaitDesc  = prometheus.NewDesc("regulars_jobs_oldest_wait_seconds", "Longest time a job has been waiting for a worker, by kind.", []string{"kind"}, nil)

	jobsDesc  = prometheus.NewDesc("regulars_jobs", "Jobs of all nodes by state.", []string{"state"}, nil)
	nodesDesc = prometheus.NewDesc("regulars_nodes", "Nodes that are alive.", nil, nil)

	nodeJobsDesc    = prometheus.NewDesc("regulars_node_running_jobs", "Jobs running on a node.", nodeLabels, nil)
	nodeSeenDesc    = prometheus.NewDesc("regulars_node_last_seen_seconds", "Time since the last heartbeat of a node.", nodeLabels, nil)
	nodeStartedDesc = prometheus.NewDesc("regulars_node_start_time_seconds", "Start of a node, in Unix seconds.", nodeLabels, nil)
)

// Describe implements prometheus.Collector.
func (q *queueCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{jobsDesc, nodesDesc, deadJobsDesc, waitingJobsDesc, oldestWaitDesc, nodeJobsDesc, nodeSeenDesc, nodeStartedDesc} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. If the database does not respond the
// metrics are missing; alert on their absence.
func (q *queueCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if live, err := q.jobs.LiveNodes(ctx); err == nil {
		to <- prometheus.MustNewConstMetric(nodesDesc, prometheus.GaugeValue, float64(live))
	}
	if nodes, err := q.jobs.Nodes(ctx); err == nil {
		collectNodes(nodes, q.clock.MS(), to)
	}
	if stats, err := q.jobs.Stats(ctx); err == nil {
		for state, n := range map[string]int64{
			"waiting": stats.Waiting, "queued": stats.Queued, "running": stats.Running, "dead": stats.Dead, "cancelled": stats.Cancelled,
		} {
			to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(n), state)
		}
	}
	if kinds, err := q.jobs.KindStats(ctx); err == nil {
		collectKinds(kinds, q.clock.MS(), to)
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

func collectNodes(nodes []jobs.Node, now int64, to chan<- prometheus.Metric) {
	for _, n := range nodes {
		to <- prometheus.MustNewConstMetric(nodeJobsDesc, prometheus.GaugeValue, float64(n.RunningJobs), n.ID, n.Version)
		to <- prometheus.MustNewConstMetric(nodeSeenDesc, prometheus.GaugeValue, float64(max(0, now-n.SeenAt))/1000, n.ID, n.Version)
		to <- prometheus.MustNewConstMetric(nodeStartedDesc, prometheus.GaugeValue, float64(n.StartedAt)/1000, n.ID, n.Version)
	}
}
