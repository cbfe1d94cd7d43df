package bulk

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regulars/regulars/internal/bulk/job"
)

var (
	jobsDesc  = prometheus.NewDesc("regulars_bulk_jobs_total", "Finished bulk jobs without dry runs.", []string{"type", "status"}, nil)
	rowsDesc  = prometheus.NewDesc("regulars_bulk_rows_total", "Rows of these jobs by outcome.", []string{"type", "outcome"}, nil)
	filesDesc = prometheus.NewDesc("regulars_bulk_files_bytes", "Size of the stored files of bulk jobs.", nil, nil)
)

// collector reads the totals from the database at each scrape; all nodes report
// the same. If the database does not respond the metrics are missing.
type collector struct{ bulk *Bulk }

// Describe implements prometheus.Collector.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{jobsDesc, rowsDesc, filesDesc} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if totals, err := c.bulk.Totals(ctx); err == nil {
		collectTotals(totals, to)
	}
	if stored, err := c.bulk.storages(ctx); err == nil {
		sum := int64(0)
		for _, s := range stored {
			sum += s.UsedBytes
		}
		to <- prometheus.MustNewConstMetric(filesDesc, prometheus.GaugeValue, float64(sum))
	}
}

func collectTotals(totals []Totals, to chan<- prometheus.Metric) {
	rows := map[string]Counts{}
	for _, t := range totals {
		to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.CounterValue, float64(t.Jobs), t.Type, t.Status)
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
			to <- prometheus.MustNewConstMetric(rowsDesc, prometheus.CounterValue, float64(n), kind, outcome)
		}
	}
}

// Totals returns the sums since the installation began, for metrics.
func (b *Bulk) Totals(ctx context.Context) ([]job.Totals, error) { return job.SelectTotals(ctx, b.db) }
