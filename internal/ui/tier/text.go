package tier

import (
	"cmp"

	"github.com/regulars/regulars/internal/ui"
)

// rowTitle names the inputs of a tier for screen readers.
func rowTitle(p ui.Page, i int, one One) string {
	return cmp.Or(one.Name, p.T("Tier %d", i+1))
}
