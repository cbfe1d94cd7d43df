package bulk

import "testing"

func TestDryRunsShareOneBudget(t *testing.T) {
	m := &memoryBudget{bytes: 12}
	if got := m.share(); got != 12 {
		t.Errorf("%d bytes before the first dry run", got)
	}
	ends := []func(){m.begin(), m.begin(), m.begin()}
	if got := m.share(); got != 4 {
		t.Errorf("%d bytes for each of three", got)
	}
	for _, end := range ends[1:] {
		end()
	}
	if got := m.share(); got != 12 {
		t.Errorf("%d bytes for the last one", got)
	}
}
