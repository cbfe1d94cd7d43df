package message

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
)

// live delivers the events of messages to the viewers of their channels.
func (m *Messages) live() []feature.Live {
	return []feature.Live{{Prefix: "message.", Render: m.render}, {Prefix: "reaction.", Render: m.render}}
}

// render returns the data of an event for an audience, with the message as it is now.
// visible is false for a message that is deleted meanwhile, or for whisperers only.
func (m *Messages) render(ctx context.Context, e event.Event, a feature.Audience) (data json.RawMessage, visible bool, err error) {
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
	one, err := load(ctx, m.DB, e.CommunityID, in.MessageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && one.Hushed && !a.Author && !a.Whispers && !a.Moderates {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if in.Message == nil {
		return withoutEmail(e.Data, a)
	}
	seen, visible, err := m.seen(ctx, e, a, one)
	if err != nil || !visible {
		return nil, false, err
	}
	if a.Author {
		seen.Nonce = in.Message.Nonce
	}
	data, err = json.Marshal(EventMessage{seen})
	return data, err == nil, err
}

// seen returns a message as an audience sees it.
func (m *Messages) seen(ctx context.Context, e event.Event, a feature.Audience, one Message) (v View, visible bool, err error) {
	in, err := chat.Load(ctx, m.DB, e.CommunityID, one.ChannelID)
	if errs.KindOf(err) == errs.NotFound || !one.Visible() {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	r := Reader{SeesEmail: a.SeesEmail}
	if a.Author {
		r.MemberID = e.UserID
	}
	views, err := m.Views(ctx, m.DB, e.CommunityID, r, map[string]string{one.ChannelID: in.Topic}, []Message{one})
	if err != nil {
		return v, false, err
	}
	return views[0], true, nil
}

// withoutEmail returns the data of an event about a member for an audience.
func withoutEmail(data json.RawMessage, a feature.Audience) (json.RawMessage, bool, error) {
	var in map[string]any
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, false, err
	}
	if user, ok := in["user"].(map[string]any); ok && !a.Author && !a.SeesEmail {
		delete(user, "email")
	}
	data, err := json.Marshal(in)
	return data, err == nil, err
}
