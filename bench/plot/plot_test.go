package plot

import (
	"encoding/xml"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTicksAreRoundNumbersThatFit(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		ticks     []float64
	}{
		{1, 10, []float64{1, 2, 5, 10}},
		{2, 50, []float64{2, 5, 10, 20, 50}},
		{0.001, 10, []float64{0.001, 0.01, 0.1, 1, 10}},
	} {
		a := axis{c.low, c.high, height - bottom, top}
		if d := cmp.Diff(c.ticks, a.ticks(), cmp.Comparer(func(x, y float64) bool { return x/y > 1-1e-9 && x/y < 1+1e-9 })); d != "" {
			t.Errorf("%g to %g: %s", c.low, c.high, d)
		}
	}
	for _, c := range []struct{ n, down, up float64 }{{3, 2, 5}, {1, 1, 1}, {70, 50, 100}, {0.03, 0.02, 0.05}, {1000, 1000, 1000}} {
		if down, up := rounded(c.n, false), rounded(c.n, true); down < c.down*0.999 || down > c.down*1.001 || up < c.up*0.999 || up > c.up*1.001 {
			t.Errorf("%g is rounded to %g and %g", c.n, down, up)
		}
	}
}

func TestPointsAreAtTheLogarithmsOfTheirNumbers(t *testing.T) {
	c := Chart{ID: "a", Title: "T", Lines: []Line{{Name: "N", Points: []Point{{10, 1}, {100, 0}, {1000, 100}}}}}
	x, y := c.axes()
	if x.at(10) != left || math.Abs(x.at(100)-(left+width-right)/2) > 0.01 || x.at(1000) != width-right {
		t.Errorf("x %f, %f, %f", x.at(10), x.at(100), x.at(1000))
	}
	if y.low != 0.5 || y.high != 200 || y.at(0.5) != height-bottom || y.at(200) != top {
		t.Errorf("y from %f to %f", y.low, y.high)
	}
}

func TestAChartWithoutPointsOrWithOneIsDrawn(t *testing.T) {
	number := func(float64) string { return "n<" }
	for _, points := range [][]Point{nil, {{10, 0}}, {{10, 5}}} {
		c := Chart{ID: "a", Title: "T<", Description: "D&", Sizes: []int{10}, X: number, Y: number, Lines: []Line{{Name: "N<", Class: "c", Shape: Square, Points: points}}}
		text := string(c.SVG())
		if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%v: %v\n%s", points, err, text)
		}
	}
}
