package source

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/regulars/regulars/internal/field"
)

func TestHeaderOfAMappingIsExactBeforeItIsNormal(t *testing.T) {
	m := NewMapping(map[string]*string{"Größe": new("exact"), "Gro\u0308ße": new("composed"), "Year\tof birth": new("year"), "Notes": nil})
	for header, want := range map[string]string{"Größe": "exact", "Gro\u0308ße": "composed", "Größe\t": "composed", "Year of birth": "year"} {
		if target, ok := m.Target(header); !ok || target == nil || *target != want {
			t.Errorf("%q: %v %v", header, target, ok)
		}
	}
	if target, ok := m.Target("Notes"); !ok || target != nil {
		t.Errorf("an ignored column: %v %v", target, ok)
	}
	if _, ok := m.Target("Other"); ok || !m.IsBlank(" ") || m.IsBlank("Other") {
		t.Error("an unknown column is mapped")
	}
	if _, ok := (Mapping{}).Target("Notes"); ok {
		t.Error("an empty mapping maps")
	}
}

// TestWideHeadersAreReadInLinearTime counts allocations, which do not depend on the
// load of the machine. Names with umlauts need some each time they are compared.
func TestWideHeadersAreReadInLinearTime(t *testing.T) {
	d := NewDictionary(false, field.DefaultFields())
	allocations := func(columns int) float64 {
		mapping, header := map[string]*string{}, make([]string, columns)
		for i := range columns {
			mapping[fmt.Sprintf("Größe %d", i)], header[i] = nil, fmt.Sprintf("Länge %d", i)
		}
		return testing.AllocsPerRun(1, func() { d.ReadHeaderTolerant(header, mapping) })
	}
	if half, whole := allocations(500), allocations(1_000); whole > 2.5*half {
		t.Errorf("%.0f allocations for 500 columns, %.0f for 1,000", half, whole)
	}
}

func TestDistanceWithALimitIsTheDistance(t *testing.T) {
	word := func() []rune {
		letters := make([]rune, rand.IntN(7))
		for i := range letters {
			letters[i] = 'a' + rand.Int32N(3)
		}
		return letters
	}
	for range 20_000 {
		a, b, limit := word(), word(), rand.IntN(4)
		if got, want := distance(a, b, limit), min(distance(a, b, maxCompared), limit+1); got != want {
			t.Fatalf("%q to %q within %d: %d, want %d", string(a), string(b), limit, got, want)
		}
	}
}
