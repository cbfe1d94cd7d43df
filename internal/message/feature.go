package message

import (
	"context"

	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (m *Messages) Feature() feature.Feature {
	return feature.Feature{
		Name:         "message",
		Sweeps:       []func(context.Context) error{m.sweepNonces},
		EraseMembers: m.EraseMembers,
		Events:       events,
	}
}
