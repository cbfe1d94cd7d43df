package post

import (
	"context"

	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (p *Posts) Feature() feature.Feature {
	return feature.Feature{Name: "post", Sweeps: []func(context.Context) error{p.sweepNonces, p.sweepImages}, EraseMembers: EraseMembers}
}
