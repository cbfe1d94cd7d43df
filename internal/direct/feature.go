package direct

import "github.com/regulars/regulars/internal/feature"

// Feature describes the package to the application.
func (c *Conversations) Feature() feature.Feature {
	return feature.Feature{Name: "direct", EraseMembers: EraseMembers, Limits: []feature.Limit{{Name: "conversation_participants", Value: MaxParticipants, Unit: "members"}}}
}
