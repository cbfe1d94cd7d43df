package result

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The limits above which a result is marked.
const (
	RegressionLimit = 0.2 // increase of a median since the last run
	MembersLimit    = 0.2 // exponent of growth of an operation that is not a scan
	RowsLimit       = 1.2 // exponent of growth against rows
	SpanLimit       = 9.5 // an exponent over a smaller factor of sizes is not judged
)

// Point is a measurement beside that of the last run.
type Point struct {
	Measurement
	Last        float64 // median of the last run; 0: none
	Change      float64 // of the median since then; NaN: none
	FloorChange float64 // of the floor
}

// Regressed reports whether the operation is slower than in the last run by more than
// RegressionLimit.
func (p Point) Regressed() bool { return p.Change > RegressionLimit }

// Series has the points of one operation on one engine in the order of their sizes.
type Series struct {
	Part      Part
	Operation string
	Engine    string
	Scan      bool
	Points    []Point
}

// Compare returns the series of a run in the order of its measurements. last may be
// nil; a run of another class of machine is ignored.
func (r *Run) Compare(last *Run) []*Series {
	if last != nil && last.Class != r.Class {
		last = nil
	}
	var list []*Series
	for _, m := range r.Measurements {
		at := slices.IndexFunc(list, func(s *Series) bool {
			return s.Part == m.Part && s.Operation == m.Operation && s.Engine == m.Engine
		})
		if at < 0 {
			at = len(list)
			list = append(list, &Series{Part: m.Part, Operation: m.Operation, Engine: m.Engine, Scan: m.Scan})
		}
		p := Point{Measurement: m, Change: math.NaN(), FloorChange: math.NaN()}
		if last != nil {
			if before := last.find(m); before != nil {
				p.Last, p.Change, p.FloorChange = before.Median, change(before.Median, m.Median), change(before.Floor, m.Floor)
			}
		}
		list[at].Points = append(list[at].Points, p)
	}
	for _, s := range list {
		slices.SortStableFunc(s.Points, func(x, y Point) int { return cmp.Compare(x.Size(), y.Size()) })
	}
	return list
}

// span is the factor between the smallest and the largest size.
func (s *Series) span() float64 {
	if len(s.Points) < 2 {
		return 1
	}
	return float64(s.Points[len(s.Points)-1].Size()) / float64(s.Points[0].Size())
}

// Exponent is the slope between the smallest and the largest size on logarithmic axes:
// 0 is constant time, 1 linear. It is NaN with one size. The fastest runs are compared,
// because other work on the machine only adds time.
func (s *Series) Exponent() float64 {
	span := s.span()
	if !(span > 1) {
		return math.NaN()
	}
	from, to := slices.Min(s.Points[0].Runs), slices.Min(s.Points[len(s.Points)-1].Runs)
	if from <= 0 || to <= 0 {
		return math.NaN()
	}
	return math.Log(to/from) / math.Log(span)
}

// Judged reports whether the sizes are far enough apart for a statement on growth.
func (s *Series) Judged() bool { return s.span() >= SpanLimit }

// Grows reports whether the time grows faster than it should: against members at all,
// unless the operation is a scan; against rows by more than in proportion.
func (s *Series) Grows() bool {
	limit := MembersLimit
	switch {
	case !s.Judged() || s.Part == Members && s.Scan:
		return false
	case s.Part == Rows:
		limit = RowsLimit
	}
	return s.Exponent() > limit
}

// Regressions returns the number of points that regressed.
func (s *Series) Regressions() (n int) {
	for _, p := range s.Points {
		if p.Regressed() {
			n++
		}
	}
	return n
}

// Finding is a series that grows, or a point that regressed.
type Finding struct {
	Part      Part
	Operation string
	Text      string // what is wrong
}

func (f Finding) String() string { return f.Operation + ", " + f.Text }

// Anchor is the id of the operation on the page.
func (f Finding) Anchor() string { return anchor(f.Part, f.Operation) }

// Findings lists each series that grows and each point that regressed.
func Findings(list []*Series) (findings []Finding) {
	for _, s := range list {
		add := func(format string, args ...any) {
			findings = append(findings, Finding{s.Part, s.Operation, engineName(s.Engine) + ": " + fmt.Sprintf(format, args...)})
		}
		if s.Grows() {
			add("time grows with the %s, exponent %s", s.Part, s.Slope())
		}
		for _, p := range s.Points {
			if p.Regressed() {
				add("%s %s: %s, %s in the last run (%s)", Count(p.Size()), s.Part, Duration(p.Median), Duration(p.Last), percent(p.Change))
			}
		}
	}
	return findings
}
