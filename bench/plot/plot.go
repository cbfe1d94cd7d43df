// Package plot draws lines on two logarithmic axes as SVG. Colours are those of the
// page around it, by the classes of the elements.
package plot

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// Chart has lines over positive numbers.
type Chart struct {
	ID          string // unique on the page
	Title       string
	Description string // for screen readers
	Lines       []Line // the first one is behind
	Sizes       []int  // with a tick on the horizontal axis
	X, Y        func(n float64) string
}

// Line is a series of points in the order of X. Lines of one Name have one entry in
// the legend; "" has none.
type Line struct {
	Name   string
	Class  string
	Shape  Shape
	Points []Point
}

// Point has the coordinates of a point. A point that is not positive is left out.
type Point struct{ X, Y float64 }

// Shape is the mark of the points of a line.
type Shape string

// The shapes.
const (
	NoShape Shape = ""
	Circle  Shape = "circle"
	Square  Shape = "square"
)

// Sizes in the units of the view box, which are about pixels.
const (
	width   = 360
	height  = 232
	left    = 52
	right   = 14
	top     = 30
	bottom  = 26
	mark    = 3.5 // half the size of a mark
	letter  = 6.7 // mean width of a letter of the legend
	textGap = 24  // least distance between two ticks of the vertical axis
)

// axis maps numbers to a range of units.
type axis struct{ low, high, from, to float64 }

func (a axis) at(n float64) float64 {
	return a.from + (a.to-a.from)*(math.Log(n)-math.Log(a.low))/(math.Log(a.high)-math.Log(a.low))
}

// decade returns the power of ten of the first digit of n.
func decade(n float64) int { return int(math.Floor(math.Log10(n) + 1e-9)) }

// rounded returns the largest of 1, 2, 5, 10, 20, 50 and so on that is at most n, or,
// with up, the smallest that is at least n.
func rounded(n float64, up bool) float64 {
	power := math.Pow10(decade(n))
	below := power
	for _, step := range []float64{1, 2, 5, 10} {
		switch {
		case power*step <= n*(1+1e-9):
			below = power * step
		case up:
			return power * step
		}
		if up && below >= n*(1-1e-9) {
			return below
		}
	}
	return below
}

// axes returns the axes with all points inside.
func (c Chart) axes() (x, y axis) {
	x = axis{math.Inf(1), 0, left, width - right}
	y = axis{math.Inf(1), 0, height - bottom, top}
	for _, line := range c.Lines {
		for _, p := range drawn(line.Points) {
			x.low, x.high = min(x.low, p.X), max(x.high, p.X)
			y.low, y.high = min(y.low, p.Y), max(y.high, p.Y)
		}
	}
	if x.high == 0 {
		return axis{1, 10, x.from, x.to}, axis{1, 10, y.from, y.to}
	}
	if x.low == x.high {
		x.low, x.high = x.low/2, x.high*2
	}
	y.low, y.high = rounded(y.low/1.1, false), rounded(y.high*1.1, true)
	return x, y
}

// drawn returns the points that have a place on logarithmic axes.
func drawn(points []Point) (kept []Point) {
	for _, p := range points {
		if p.X > 0 && p.Y > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// ticks returns the numbers 1, 2 and 5 of each decade, or only 1 if those would be
// too close.
func (a axis) ticks() (ticks []float64) {
	steps := []float64{1, 2, 5}
	if math.Abs(a.to-a.from)/math.Log10(a.high/a.low)*math.Log10(2) < textGap {
		steps = steps[:1]
	}
	for power := decade(a.low); power <= decade(a.high); power++ {
		for _, step := range steps {
			if n := math.Pow10(power) * step; n >= a.low*(1-1e-9) && n <= a.high*(1+1e-9) {
				ticks = append(ticks, n)
			}
		}
	}
	return ticks
}

// SVG returns the chart as an element for HTML.
func (c Chart) SVG() template.HTML {
	var b strings.Builder
	x, y := c.axes()
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 %d %d" role="img" aria-labelledby="%[3]s-title %[3]s-desc">`, width, height, html.EscapeString(c.ID))
	fmt.Fprintf(&b, `<title id="%[1]s-title">%[2]s</title><desc id="%[1]s-desc">%[3]s</desc>`, html.EscapeString(c.ID), html.EscapeString(c.Title), html.EscapeString(c.Description))
	for _, n := range y.ticks() {
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/>`, left, y.at(n), width-right)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-8, y.at(n)+4, html.EscapeString(c.Y(n)))
	}
	for _, size := range c.Sizes {
		at := x.at(float64(size))
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %dV%d"/>`, at, top, height-bottom)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, min(max(at, left), width-right-8), height-bottom+18, html.EscapeString(c.X(float64(size))))
	}
	for _, line := range c.Lines {
		line.draw(&b, x, y)
	}
	c.legend(&b)
	b.WriteString("</svg>")
	return template.HTML(b.String()) // every text is escaped
}

func (l Line) draw(b *strings.Builder, x, y axis) {
	points := drawn(l.Points)
	if len(points) == 0 {
		return
	}
	var path strings.Builder
	for i, p := range points {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], x.at(p.X), y.at(p.Y))
	}
	if len(points) == 1 { // a point alone has no line
		fmt.Fprintf(&path, "m-%g 0h%g", 2*mark, 4*mark)
	}
	fmt.Fprintf(b, `<path class="line %s" d="%s"/>`, html.EscapeString(l.Class), path.String())
	for _, p := range points {
		l.mark(b, x.at(p.X), y.at(p.Y))
	}
}

func (l Line) mark(b *strings.Builder, x, y float64) {
	class := html.EscapeString(l.Class)
	switch l.Shape {
	case Circle:
		fmt.Fprintf(b, `<circle class="mark %s" cx="%.1f" cy="%.1f" r="%g"/>`, class, x, y, mark)
	case Square:
		fmt.Fprintf(b, `<rect class="mark %s" x="%.1f" y="%.1f" width="%g" height="%g"/>`, class, x-mark, y-mark, 2*mark, 2*mark)
	case NoShape:
	}
}

// legend lists the names above the plot.
func (c Chart) legend(b *strings.Builder) {
	at, listed := 8.0, map[string]bool{}
	for i := len(c.Lines) - 1; i >= 0; i-- {
		line := c.Lines[i]
		if line.Name == "" || listed[line.Name] || len(drawn(line.Points)) == 0 {
			continue
		}
		listed[line.Name] = true
		fmt.Fprintf(b, `<path class="line %s" d="M%.1f 12h18"/>`, html.EscapeString(line.Class), at)
		line.mark(b, at+9, 12)
		fmt.Fprintf(b, `<text x="%.1f" y="16">%s</text>`, at+23, html.EscapeString(line.Name))
		at += 23 + 14 + letter*float64(len(line.Name))
	}
}
