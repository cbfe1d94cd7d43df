package chat

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (c *Chat) Feature() feature.Feature {
	return feature.Feature{
		Name:         "chat",
		EraseMembers: EraseMembers,
		Events:       EventTypes,
		Live:         []feature.Live{live()},
		AuditVerbs:   []audit.Verb{"category.create", "category.update", "category.delete", "channel.create", "channel.update", "channel.delete", "channel.override"},
		Limits: []feature.Limit{
			{Name: "slow_mode", Value: MaxSlowMode, Unit: "seconds"},
			{Name: "channels", Value: maxChannels, Unit: "channels"},
			{Name: "channel_categories", Value: maxCategories, Unit: "categories"},
		},
	}
}
