package block

import "github.com/regulars/regulars/internal/feature"

// Feature describes the package to the application.
func (b *Blocks) Feature() feature.Feature {
	return feature.Feature{Name: "block", EraseMembers: EraseMembers, Limits: []feature.Limit{{Name: "blocks", Value: Max, Unit: "members"}}}
}
