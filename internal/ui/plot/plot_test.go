package plot

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func draw(t *testing.T, c Chart) string {
	t.Helper()
	c.Number = number
	var b strings.Builder
	if err := Draw(c).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestScaleHasRoundSteps(t *testing.T) {
	for _, c := range []struct {
		values    []float64
		zero      bool
		low, high float64
		lines     []float64
	}{
		{[]float64{12_250, 12_738, Gap}, false, 12_200, 12_800, []float64{12_200, 12_400, 12_600, 12_800}},
		{[]float64{0, 61}, false, 0, 100, []float64{0, 50, 100}},
		{[]float64{900, 2_000}, false, 0, 2_000, []float64{0, 1_000, 2_000}},
		{[]float64{1_247, 1_247}, false, 1_246, 1_248, []float64{1_246, 1_247, 1_248}},
		{[]float64{3}, false, 0, 3, []float64{0, 1, 2, 3}},
		{[]float64{0}, false, 0, 1, []float64{0, 1}},
		{nil, false, 0, 1, []float64{0, 1}},
		{[]float64{Gap}, true, 0, 1, []float64{0, 1}},
		{[]float64{-61, -20}, true, -100, 0, []float64{-100, -50, 0}},
		{[]float64{-7, 5}, false, -10, 5, []float64{-10, -5, 0, 5}},
	} {
		s := scaleOf(100, 3, c.zero, c.values)
		if s.low != c.low || s.high != c.high || !reflect.DeepEqual(s.lines(), c.lines) {
			t.Errorf("%v: from %v to %v, lines %v", c.values, s.low, s.high, s.lines())
		}
		if s.y(s.low) != 100 || s.y(s.high) != 0 {
			t.Errorf("%v: %v is at %v, %v at %v", c.values, s.low, s.y(s.low), s.high, s.y(s.high))
		}
	}
}

func TestLineIsInterruptedAtGaps(t *testing.T) {
	s := scale{0, 10, 5, 100}
	for _, c := range []struct {
		slots        int
		values       []float64
		path, points string
	}{
		{4, []float64{0, 10, 5, 5}, "M125 100L375 0L625 50L875 50", ""},
		{4, []float64{Gap, 10, 5, Gap}, "M375 0L625 50", ""},
		{5, []float64{2, Gap, 4, Gap, 6}, "", "M100 80h0M500 60h0M900 40h0"},
		{4, []float64{2, 2, Gap, 4}, "M125 80L375 80", "M875 60h0"},
		{1, []float64{10}, "", "M500 0h0"},
		{2, []float64{1, 2, 3, 4}, "M250 90L750 80", ""},
		{3, []float64{-5}, "", "M166.67 150h0"},
		{3, nil, "", ""},
	} {
		path, points := Chart{Slots: make([]string, c.slots)}.line(s, c.values)
		if path != c.path || points != c.points {
			t.Errorf("%v: %q and %q, want %q and %q", c.values, path, points, c.path, c.points)
		}
	}
}

func TestBarsGoUpAndDownFromZero(t *testing.T) {
	s := scale{-10, 30, 10, 80}
	c := Chart{Slots: make([]string, 100)}
	if got := c.bars(s, []float64{30, 0, Gap, -10, 15}); got != "M1.5 60V0h7V60zM31.5 60V80h7V60zM41.5 60V30h7V60z" {
		t.Error(got)
	}
	one := Chart{Slots: make([]string, 1)}
	if got := one.bars(s, []float64{10}); got != "M480 60V40h40V60z" {
		t.Errorf("of one day: %s", got)
	}
	year := Chart{Slots: make([]string, 250)}
	if got := year.bars(s, []float64{10}); got != "M0 60V40h4V60z" {
		t.Errorf("of many days: %s", got)
	}
}

func TestLabelsDoNotCoverEachOther(t *testing.T) {
	for _, places := range [][]float64{{20, 20}, {170, 168}, {20, 170}, {100, 110, 90}, {0, 500}} {
		labels := make([]label, len(places))
		for i, y := range places {
			labels[i].y = y
		}
		spread(labels, 32, 168)
		for i, a := range labels {
			if a.y < 32 || a.y > 168 {
				t.Errorf("%v: %v is outside", places, a.y)
			}
			for _, b := range labels[:i] {
				if math.Abs(a.y-b.y) < labelSize {
					t.Errorf("%v: %v and %v cover each other", places, a.y, b.y)
				}
			}
		}
	}
	order := []label{{y: 170}, {y: 168}}
	if spread(order, 32, 168); order[0].y != 168 || order[1].y != 168-labelSize {
		t.Errorf("the order is kept: %v", order)
	}
}

func TestChartWithoutSlotsIsEmpty(t *testing.T) {
	if got := draw(t, Chart{Lines: []Line{{Values: []float64{1}}}}); got != "" {
		t.Error(got)
	}
}

func TestChartHasDirectLabelsAndATextForEachSlot(t *testing.T) {
	got := draw(t, Chart{
		Label: "Members", Slots: []string{"Monday: 3", "Tuesday: 5"}, Ticks: []Tick{{0, "Mon"}, {1, "Tue"}},
		Lines: []Line{{Name: "Members", Value: "5", Values: []float64{3, 5}}, {Name: "Before", Value: "2", Values: []float64{Gap, 2}, Faint: true}, {Name: "None", Value: "?", Values: []float64{Gap, Gap}}},
		Bars:  []Bars{{Name: "Joined", Value: "3", Values: []float64{1, 2}}, {Name: "Left", Value: "0", Values: []float64{0, 0}}},
	})
	for _, part := range []string{
		`role="img" aria-label="Members"`, "<title>Monday: 3</title>", "<title>Tuesday: 5</title>", ">Mon</text>", ">Before</text>", ">Joined</text>", ">Left</text>", `x="50%" width="50%"`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in %s", part, got)
		}
	}
	for _, part := range []string{"NaN", "Inf", "style=", ">None</text>"} {
		if strings.Contains(got, part) {
			t.Errorf("it has %q: %s", part, got)
		}
	}
}
