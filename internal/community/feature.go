package community

import (
	"context"

	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (c *Communities) Feature() feature.Feature {
	return feature.Feature{
		Name:   "community",
		Sweeps: []func(context.Context) error{c.Sweep},
	}
}
