package result

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/bench/plot"
)

//go:embed page.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"count": Count, "duration": Duration, "percent": percent, "engine": engineName}).Parse(pageText))

// pageView is the content of the page.
type pageView struct {
	*Run
	LastDate, LastCommit string // of the last run; "": there is none to compare with
	LastSync             string
	Findings             []Finding
	Parts                []partView
}

type partView struct {
	Part         Part
	Title, Intro string
	Cards        []*card
}

// card has the series of one operation.
type card struct {
	ID, Operation, Size string // Size: the column of sizes
	FloorOf             string
	Scan                bool
	Series              []*Series
}

// Label is the state of the card.
func (c *card) Label() string {
	if slices.ContainsFunc(c.Series, (*Series).Grows) {
		return "grows"
	}
	if c.Scan {
		return "full scan"
	}
	return ""
}

// Slower reports whether a point of the card regressed.
func (c *card) Slower() bool {
	return slices.ContainsFunc(c.Series, func(s *Series) bool { return s.Regressions() > 0 })
}

// WritePage writes the page of a run, compared with the last one. last may be nil.
func (r *Run) WritePage(w io.Writer, last *Run) error {
	series := r.Compare(last)
	v := pageView{Run: r, Findings: Findings(series)}
	if last != nil && last.Class == r.Class {
		v.LastDate, v.LastCommit, v.LastSync = last.Date.Format("2006-01-02"), last.Commit, Duration(last.Machine.DiskSync)
	}
	v.Parts = []partView{
		newPart(Members, "Time against members", "The work is the same in every community, so a line should be flat. Operations that read all members by design are labelled full scan.", series),
		newPart(Rows, "Time against rows", "A file of so many rows in a community of a fixed size. Proportional growth has the exponent 1.", series),
	}
	return pageTemplate.Execute(w, v)
}

// anchor is the id of an operation on the page.
func anchor(part Part, operation string) string {
	return string(part) + "-" + strings.Trim(notInClass.ReplaceAllString(strings.ToLower(operation), "-"), "-")
}

func newPart(part Part, title, intro string, series []*Series) partView {
	v := partView{Part: part, Title: title, Intro: intro}
	for _, s := range series {
		if s.Part != part {
			continue
		}
		at := slices.IndexFunc(v.Cards, func(c *card) bool { return c.Operation == s.Operation })
		if at < 0 {
			at = len(v.Cards)
			v.Cards = append(v.Cards, &card{ID: anchor(part, s.Operation), Operation: s.Operation, Size: strings.ToUpper(string(part[:1])) + string(part[1:])})
		}
		c := v.Cards[at]
		c.Scan, c.Series = c.Scan || s.Scan, append(c.Series, s)
		for _, p := range s.Points {
			c.FloorOf = p.FloorOf
		}
	}
	return v
}

// shapes are the marks of the engines.
var shapes = map[string]plot.Shape{"sqlite": plot.Circle, "postgres": plot.Square}

// Plot draws the card.
func (c *card) Plot() template.HTML {
	chart := plot.Chart{ID: c.ID + "-plot", Title: c.Operation, Description: c.describe(), X: func(n float64) string { return Count(int(math.Round(n))) }, Y: Duration}
	var floors, lasts, ours []plot.Line
	for _, s := range c.Series {
		points := func(value func(Point) float64) (list []plot.Point) {
			for _, p := range s.Points {
				list = append(list, plot.Point{X: float64(p.Size()), Y: value(p)})
			}
			return list
		}
		for _, p := range s.Points {
			if !slices.Contains(chart.Sizes, p.Size()) {
				chart.Sizes = append(chart.Sizes, p.Size())
			}
		}
		lasts = append(lasts, plot.Line{Name: "last run", Class: "last", Points: points(func(p Point) float64 { return p.Last })})
		floors = append(floors, plot.Line{Name: "floor", Class: "floor " + s.Engine, Points: points(func(p Point) float64 { return p.Floor })})
		ours = append(ours, plot.Line{Name: engineName(s.Engine), Class: s.Engine, Shape: shapes[s.Engine], Points: points(func(p Point) float64 { return p.Median })})
	}
	slices.Sort(chart.Sizes)
	slices.Reverse(ours) // the legend reads from the last line
	chart.Lines = slices.Concat(lasts, floors, ours)
	return chart.SVG()
}

// describe states the figures at both ends of each series.
func (c *card) describe() string {
	var parts []string
	for _, s := range c.Series {
		first, last := s.Points[0], s.Points[len(s.Points)-1]
		text := fmt.Sprintf("%s: %s at %s %s", engineName(s.Engine), Duration(first.Median), Count(first.Size()), s.Part)
		if len(s.Points) > 1 {
			text += fmt.Sprintf(", %s at %s, exponent %s", Duration(last.Median), Count(last.Size()), s.Slope())
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ") + ". The table below has all figures."
}

// Slope is the exponent as text.
func (s *Series) Slope() string {
	if exponent := s.Exponent(); !math.IsNaN(exponent) {
		return strings.Replace(strconv.FormatFloat(exponent, 'f', 2, 64), "-0.00", "0.00", 1)
	}
	return "–"
}

func engineName(engine string) string {
	switch engine {
	case "sqlite":
		return "SQLite"
	case "postgres":
		return "PostgreSQL"
	}
	return engine
}

// Count formats a size: 10k, 5M.
func Count(n int) string {
	for _, unit := range []struct {
		size int
		text string
	}{{1_000_000, "M"}, {1_000, "k"}} {
		if n >= unit.size {
			return strconv.FormatFloat(math.Round(float64(n)/float64(unit.size)*10)/10, 'f', -1, 64) + unit.text
		}
	}
	return strconv.Itoa(n)
}

// Duration formats seconds with three digits: 1.23 ms, 45.6 s; 0 is "–".
func Duration(seconds float64) string {
	if !(seconds > 0) {
		return "–"
	}
	unit, n := "s", seconds
	switch {
	case seconds < 0.000_999_5:
		unit, n = "µs", seconds*1e6
	case seconds < 0.999_5:
		unit, n = "ms", seconds*1e3
	}
	digits := max(0, 2-int(math.Floor(math.Log10(n)+1e-9)))
	text := strconv.FormatFloat(n, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + unit
}

// percent formats a relative change with its sign; NaN is "–".
func percent(change float64) string {
	if math.IsNaN(change) {
		return "–"
	}
	return fmt.Sprintf("%+.0f\u00a0%%", 100*change)
}
