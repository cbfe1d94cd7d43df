package newfield

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/field"
)

// TestManyNewFieldsAreResolvedInLinearTime counts allocations, which do not depend on
// the load of the machine.
func TestManyNewFieldsAreResolvedInLinearTime(t *testing.T) {
	list := make([]job.NewField, 450)
	for i := range list {
		list[i] = job.NewFieldOf(fmt.Sprintf("Größe %d", i), field.SingleLine)
	}
	var resolved []job.NewField
	n := testing.AllocsPerRun(1, func() {
		resolved, _ = Resolve(field.DefaultFields(), list, func() string { return "" })
	})
	if n > float64(200*len(list)) {
		t.Errorf("%.0f allocations", n)
	}
	if len(resolved) == 0 {
		t.Error("no field is new")
	}
}
