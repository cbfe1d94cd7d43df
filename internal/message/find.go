package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// Find returns a visible message with its channel, as the actor sees it. participant as
// in place.Of. It fails with NotFound "message_not_found".
func (m *Messages) Find(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, messageID, participant string) (Message, place.Place, error) {
	one, err := Load(ctx, q, communityID, messageID)
	if err != nil {
		return one, place.Place{}, err
	}
	p, err := place.Of(ctx, q, m.Access, caller, communityID, one.ChannelID, participant)
	if errs.KindOf(err) == errs.NotFound || err == nil && !(one.Visible() && p.Sees(one.Hushed, one.AuthorID)) {
		err = errs.Missing("message")
	}
	return one, p, err
}

// ByID returns messages of any channel by their ids, deleted ones without their content.
// The caller has checked that the actor may read them.
func (m *Messages) ByID(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, ids []string) (map[string]View, error) {
	list, err := selectByID(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	channels, err := chat.All(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, one := range channels {
		names[one.ID] = one.Topic
	}
	r, err := m.ReaderOf(ctx, caller, communityID, "")
	if err != nil {
		return nil, err
	}
	views, err := m.Views(ctx, q, communityID, r, names, list)
	found := make(map[string]View, len(views))
	for _, one := range views {
		found[one.ID] = one
	}
	return found, err
}

// Place returns a channel as the actor sees it. It fails as access.Can does for
// getMessages, or with NotFound "channel_not_found".
func (m *Messages) Place(ctx context.Context, caller actor.Actor, communityID, channelID string) (place.Place, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return place.Place{}, err
	}
	return place.Of(ctx, m.DB, m.Access, caller, communityID, channelID, "")
}

// ShowsImage reports whether the actor sees a message with the image.
func (m *Messages) ShowsImage(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, imageID string) (bool, error) {
	ids, err := image.Uses(ctx, q, communityID, imageID)
	if err != nil {
		return false, err
	}
	for _, messageID := range ids {
		_, _, err := m.Find(ctx, q, caller, communityID, messageID, "")
		if errs.KindOf(err) != errs.NotFound {
			return err == nil, err
		}
	}
	return false, nil
}

// Searched returns the text that search finds.
func (m *Message) Searched() search.Text {
	return search.Text{MessageID: m.ID, ChannelID: m.ChannelID, Text: m.Text}
}
