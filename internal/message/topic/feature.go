package topic

import "github.com/regulars/regulars/internal/feature"

// Feature describes the package to the application.
func (t *Topics) Feature() feature.Feature {
	return feature.Feature{Name: "topic", EraseMembers: EraseMembers, Events: events, Limits: []feature.Limit{
		{Name: "topic_title", Value: MaxTitle, Unit: "characters"},
		{Name: "topic_tags", Value: MaxTags, Unit: "tags"},
	}}
}
