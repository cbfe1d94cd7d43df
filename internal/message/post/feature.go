package post

import (
	"context"

	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/message"
)

// Feature describes the package to the application.
func (p *Posts) Feature() feature.Feature {
	return feature.Feature{Name: "post", Sweeps: []func(context.Context) error{p.sweepNonces, p.sweepImages}, EraseMembers: EraseMembers, Limits: []feature.Limit{
		{Name: "message_length", Value: message.MaxText, Unit: "characters"},
		{Name: "message_mentions", Value: message.MaxMentions, Unit: "mentions"},
		{Name: "message_images", Value: message.MaxImages, Unit: "images"},
		{Name: "message_links", Value: message.MaxLinks, Unit: "links"},
		{Name: "message_nonce", Value: message.MaxNonce, Unit: "characters"},
	}}
}
