package spill

import "testing"

func TestDryRunsShareOneBudget(t *testing.T) {
	m := &Budget{Bytes: 12}
	if got := m.Share(); got != 12 {
		t.Errorf("%d bytes before the first dry run", got)
	}
	ends := []func(){m.Begin(), m.Begin(), m.Begin()}
	if got := m.Share(); got != 4 {
		t.Errorf("%d bytes for each of three", got)
	}
	for _, end := range ends[1:] {
		end()
	}
	if got := m.Share(); got != 12 {
		t.Errorf("%d bytes for the last one", got)
	}
}
