// Package plot draws figures over time as SVG on the server.
package plot

import (
	"math"
	"strconv"
	"strings"
)

// Gap is a missing value.
var Gap = math.NaN()

// Chart has lines above bars, both over the same slots of time.
type Chart struct {
	Label  string   // describes the chart to screen readers
	Slots  []string // texts on hover, one for each slot
	Ticks  []Tick   // below the chart
	Lines  []Line   // the first one is in front
	Bars   []Bars
	Number func(n float64) string
}

// Tick is a text below a slot.
type Tick struct {
	Slot int
	Text string
}

// Line is a series of values, one for each slot; further ones are left out. Name
// and Value are its label, beside its end.
type Line struct {
	Name, Value string
	Values      []float64
	Faint       bool
}

// Bars is a series of values, drawn from zero upwards or, if negative, downwards.
type Bars struct {
	Name, Value string
	Values      []float64
	Faint       bool
}

// Sizes in pixels, and the units of the width, which is stretched.
const (
	width     = 1000
	top       = 16
	lineArea  = 168
	between   = 34
	barArea   = 72
	barTop    = top + lineArea + between
	bottom    = barTop + barArea
	height    = bottom + 28
	labelSize = 32 // height of a label beside the chart
)

// near is the number below which zero is near.
const near = 10

// scale maps values to pixels from the top of an area.
type scale struct{ low, high, step, size float64 }

// scaleOf returns a scale of about as many steps for the values, with zero if it
// is wanted or near. Steps are round whole numbers.
func scaleOf(size, steps float64, zero bool, series ...[]float64) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, values := range series {
		for _, v := range values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		low, high = 0, 0
	}
	if zero || low > 0 && (low < high/2 || high < near) {
		low, high = min(low, 0), max(high, 0)
	}
	step := roundStep((high - low) / steps)
	s := scale{math.Floor(low/step) * step, math.Ceil(high/step) * step, step, size}
	if s.low == s.high {
		s.high += step
		if s.low > 0 {
			s.low -= step
		}
	}
	return s
}

// roundStep is the smallest of 1, 2, 5, 10, 20, 50 and so on that is at least n.
func roundStep(n float64) float64 {
	for power := 1.0; ; power *= 10 {
		for _, factor := range []float64{1, 2, 5} {
			if step := factor * power; step >= n {
				return step
			}
		}
	}
}

func (c Chart) lineScale() scale {
	var all [][]float64
	for _, l := range c.Lines {
		all = append(all, c.values(l.Values))
	}
	return scaleOf(lineArea, 3, false, all...)
}

func (c Chart) barScale() scale {
	var all [][]float64
	for _, b := range c.Bars {
		all = append(all, c.values(b.Values))
	}
	return scaleOf(barArea, 6, true, all...)
}

// y is the distance of a value from the top of the area.
func (s scale) y(v float64) float64 { return s.size * (s.high - v) / (s.high - s.low) }

// lines are the values with a grid line, from the lowest to the highest.
func (s scale) lines() (values []float64) {
	for i := 0; i <= int(math.Round((s.high-s.low)/s.step)); i++ {
		values = append(values, s.low+float64(i)*s.step)
	}
	return values
}

// x is the middle of a slot in units of the width.
func (c Chart) x(slot int) float64 { return (float64(slot) + 0.5) * width / float64(len(c.Slots)) }

// share is a part of the width as a percentage.
func share(x float64) string { return decimal(100*x/width) + "%" }

func decimal(n float64) string {
	text := strconv.FormatFloat(n, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// values are the values of a series within the chart.
func (c Chart) values(series []float64) []float64 { return series[:min(len(series), len(c.Slots))] }

// line is the path of a series, interrupted at gaps. A value between gaps is a
// point, in points.
func (c Chart) line(s scale, series []float64) (path, points string) {
	values := c.values(series)
	var b, dots strings.Builder
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		at := decimal(c.x(i)) + " " + decimal(s.y(v))
		before, after := i > 0 && !math.IsNaN(values[i-1]), i+1 < len(values) && !math.IsNaN(values[i+1])
		switch {
		case before:
			b.WriteString("L" + at)
		case after:
			b.WriteString("M" + at)
		}
		if !before && !after {
			dots.WriteString("M" + at + "h0")
		}
	}
	return b.String(), dots.String()
}

// end is the last value of a series, and its point.
func (c Chart) end(s scale, series []float64) (value float64, point string) {
	values := c.values(series)
	for i := len(values) - 1; i >= 0; i-- {
		if v := values[i]; !math.IsNaN(v) {
			return v, "M" + decimal(c.x(i)) + " " + decimal(s.y(v)) + "h0"
		}
	}
	return Gap, ""
}

// bars is the path of the rectangles from zero to each value.
func (c Chart) bars(s scale, series []float64) string {
	slot := width / float64(len(c.Slots))
	wide := min(slot*0.7, 40)
	if len(c.Slots) > 120 {
		wide = slot
	}
	var b strings.Builder
	for i, v := range c.values(series) {
		if math.IsNaN(v) || v == 0 {
			continue
		}
		b.WriteString("M" + decimal(c.x(i)-wide/2) + " " + decimal(s.y(0)) + "V" + decimal(s.y(v)) + "h" + decimal(wide) + "V" + decimal(s.y(0)) + "z")
	}
	return b.String()
}

// label is the text beside the end of a series.
type label struct {
	name, value string
	y           float64 // of its middle
	faint       bool
}

// labels are the labels of all series, moved apart so that none covers another.
func (c Chart) labels(lines scale) (list []label) {
	for _, l := range c.Lines {
		if v, point := c.end(lines, l.Values); point != "" {
			list = append(list, label{l.Name, l.Value, top + lines.y(v), l.Faint})
		}
	}
	spread(list, top+labelSize/2, top+lineArea-labelSize/2)
	for i, b := range c.Bars {
		list = append(list, label{b.Name, b.Value, barTop + labelSize/2 + float64(i)*(barArea-labelSize), b.Faint})
	}
	return list
}

// spread moves labels apart, between the first and the last place for a middle.
func spread(labels []label, first, last float64) {
	order := make([]*label, len(labels))
	for i := range labels {
		order[i] = &labels[i]
	}
	for i := range order { // a few at most
		for j := i; j > 0 && order[j].y < order[j-1].y; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	next := first
	for _, l := range order {
		l.y = max(l.y, next)
		next = l.y + labelSize
	}
	next = last
	for i := len(order) - 1; i >= 0; i-- {
		order[i].y = min(order[i].y, next)
		next = order[i].y - labelSize
	}
}

// ends are zero and the ends of the scale.
func (s scale) ends() (values []float64) {
	for _, v := range s.lines() {
		if v == 0 || v == s.low || v == s.high {
			values = append(values, v)
		}
	}
	return values
}

// anchor keeps the text below the first and the last slots inside the chart.
func (c Chart) anchor(slot int) string {
	switch x := c.x(slot); {
	case x < width*0.06:
		return "start"
	case x > width*0.94:
		return "end"
	}
	return "middle"
}
