package apply

import (
	"slices"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
)

// batch has the rows of one transaction.
type batch struct {
	source.Batch
	number    int64
	plan      *plan.Plan  // prepared before the transaction; may be nil
	fresh     bool        // an optimistic plan was rejected
	group     *batchGroup // instead of rows: several batches, from number on
	parts     *parts      // of the divided batch; nil: not divided
	exchanges []plan.Span // of the last plan: rows that depend on each other
	settled   bool        // no later row exchanges a key that the rows need

	records []outcome.Record // of the last transaction
	counts  outcome.Counts
}

// count returns the number of batches and rows.
func (p *batch) count() (batches, rows int64) {
	if p.group != nil {
		return int64(len(p.group.batches)), p.group.counts.Read
	}
	if p.parts.open() {
		return 0, int64(len(p.Rows))
	}
	return 1, int64(len(p.Rows))
}

// progress is the progress after the batch.
func (p *batch) progress() job.Progress {
	batches, _ := p.count()
	return job.Progress{Batches: batches, Next: p.Next, ProcessedBytes: p.ProcessedBytes, Hidden: p.hidden()}
}

// hidden are the hidden rows of the batch.
func (p *batch) hidden() (h job.Hidden) {
	if p.group != nil {
		return p.group.hidden
	}
	for i := range p.Rows {
		if p.Rows[i].Hidden {
			h.Add(job.Hidden{Rows: 1, FirstLine: p.Rows[i].Line})
		}
	}
	return h
}

// cut returns the index nearest to the middle that divides no exchange, or the
// middle and false if there is none.
func (p *batch) cut() (at int, ok bool) {
	open := make([]int, len(p.Rows)+1) // begun before a row minus ended before it
	for _, s := range p.exchanges {
		open[s.From+1]++
		open[s.To+1]--
	}
	middle := len(p.Rows) / 2
	for i, across := 1, open[0]; i < len(p.Rows); i++ {
		across += open[i]
		if across == 0 && (!ok || max(i-middle, middle-i) < max(at-middle, middle-at)) {
			at, ok = i, true
		}
	}
	if !ok {
		at = middle
	}
	return at, ok
}

// divided returns the rows before an index and from there on; doneBytes is the
// progress before the batch.
func (p *batch) divided(at int, doneBytes int64) [2]*batch {
	between := doneBytes + (p.ProcessedBytes-doneBytes)*int64(at)/int64(len(p.Rows))
	return [2]*batch{
		{Batch: source.Batch{Rows: p.Rows[:at], Next: p.Rows[at].Pos, ProcessedBytes: between}, fresh: true, settled: true, parts: p.parts},
		{Batch: source.Batch{Rows: p.Rows[at:], Next: p.Next, ProcessedBytes: p.ProcessedBytes, Last: p.Last}, fresh: true, settled: true, parts: p.parts},
	}
}

// parts are the committed parts of a divided batch, stored as one batch of
// outcomes.
type parts struct {
	joined  int
	records []outcome.Record
	counts  outcome.Counts
}

// maxParts limits the number of updates of one batch of outcomes.
const maxParts = 32

// open reports whether the next part is added to the previous ones.
func (ps *parts) open() bool { return ps != nil && ps.joined > 0 && ps.joined < maxParts }

// with returns the outcomes of the parts and one more.
func (ps *parts) with(list []outcome.Record, counts outcome.Counts) ([]outcome.Record, outcome.Counts) {
	counts.AddAll(ps.counts)
	return slices.Concat(ps.records, list), counts
}

// add adds a committed part.
func (ps *parts) add(list []outcome.Record, counts outcome.Counts) {
	switch {
	case ps == nil:
	case ps.open():
		ps.records, ps.counts = ps.with(list, counts)
		ps.joined++
	default:
		ps.joined, ps.records, ps.counts = 1, list, counts
	}
}

// BatchRows is the maximum number of rows of a batch.
type BatchRows int

// after returns the number of rows of the next batch after read rows. Long
// imports have larger batches: with many rows in the tables, each batch changes
// most pages of every index anyway.
func (most BatchRows) after(read int64) int {
	const short = 2_500
	if int(most) <= short {
		return int(most)
	}
	return min(max(short, int(read/40)), int(most))
}

// groupAfter returns the number of rows of a batch group that begins after read
// rows: a third of them. The writer does not wait for the reader, and short
// files need less memory.
func (most BatchRows) groupAfter(read int64) int {
	return min(max(most.after(0), int(read/3)), groupBatches*int(most))
}
