// Package delivery shows the events of messages, reactions and topics to live
// connections, with the data that REST would answer to each of them.
package delivery

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
)

// Feature describes the package to the application.
func Feature(m *message.Messages) feature.Feature {
	d := delivery{m}
	return feature.Feature{Name: "delivery", Live: []feature.Live{
		{Prefix: "message.", Render: d.render, Blocking: d.blocking, Participants: d.participants},
		{Prefix: "reaction.", Render: d.render, Participants: d.participants},
		{Prefix: "topic.", Render: renderTopic},
	}}
}

type delivery struct{ m *message.Messages }

func (d delivery) blocking(ctx context.Context, communityID, memberID string) ([]string, error) {
	return block.Blocking(ctx, d.m.DB, communityID, memberID)
}

// participants returns the members of a conversation, none for a channel.
func (d delivery) participants(ctx context.Context, communityID, channelID string) ([]string, error) {
	return direct.MemberIDs(ctx, d.m.DB, communityID, channelID)
}

// render returns the data of an event about a message. visible is false for a message
// that was deleted meanwhile, or is for whisperers only.
func (d delivery) render(ctx context.Context, e event.Event, a feature.Audience) (data json.RawMessage, visible bool, err error) {
	var in struct {
		Message *struct {
			ID    string  `json:"id"`
			Nonce *string `json:"nonce"`
		} `json:"message"`
		MessageID string `json:"messageId"`
	}
	if err := json.Unmarshal(e.Data, &in); err != nil {
		return nil, false, err
	}
	if in.Message != nil {
		in.MessageID = in.Message.ID
	}
	found, hushed, err := stateOf(ctx, d.m.DB, e.CommunityID, in.MessageID)
	if err != nil || !found || hushed && !a.Author && !a.Whispers && !a.Moderates {
		return nil, false, err
	}
	if in.Message == nil {
		return withoutEmail(e.Data, a)
	}
	views, err := d.m.ByID(ctx, d.m.DB, actor.Actor{Kind: actor.Command}, e.CommunityID, []string{in.MessageID})
	v, found := views[in.MessageID]
	if err != nil || !found || v.DeletedAt != nil && v.ReplyCount == 0 {
		return nil, false, err
	}
	if a.Author {
		v.Nonce = in.Message.Nonce
	} else if !a.SeesEmail {
		v.User.Email = ""
	}
	if a.Hidden {
		v.Hidden, v.Text, v.HTML, v.Attachments = "blocked", "", "", []image.Attachment{}
	}
	data, err = json.Marshal(message.EventMessage{Message: v})
	return data, err == nil, err
}

func renderTopic(_ context.Context, e event.Event, a feature.Audience) (json.RawMessage, bool, error) {
	return withoutEmail(e.Data, a)
}

// withoutEmail returns the data of an event for an audience, without the email of a
// member that it may not see.
func withoutEmail(data json.RawMessage, a feature.Audience) (json.RawMessage, bool, error) {
	if a.Author || a.SeesEmail {
		return data, true, nil
	}
	var in map[string]any
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, false, err
	}
	about := in
	if topic, ok := in["topic"].(map[string]any); ok {
		about = topic
	}
	if user, ok := about["user"].(map[string]any); ok {
		delete(user, "email")
	}
	data, err := json.Marshal(in)
	return data, err == nil, err
}
