package list

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/words"
)

// Hit is a message that a search found.
type Hit struct {
	message.View
	Highlight []words.Span `json:"highlight" nullable:"false" doc:"The places of message that match, in UTF-16 units."`
}

// Search returns messages that match, newest first, and the cursor of the next page, ""
// at the end. It fails as List does, or with Invalid "invalid_input" or "invalid_cursor".
func (l *Lists) Search(ctx context.Context, caller actor.Actor, communityID string, f search.Filter) (hits []Hit, next string, err error) {
	if err := l.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	q, err := words.ParseQuery(f.Query)
	if err != nil {
		return nil, "", err
	}
	in, err := l.scope(ctx, caller, communityID, Filter{ChannelID: f.ChannelID, User: f.User})
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("search", f.Digest())
	after, err := cursors.ParseID(f.Cursor, "")
	if err != nil {
		return nil, "", err
	}
	r := f.Range(communityID, after)
	found, err := find(ctx, l.m.DB, finding{in, f.Has, r, q}, f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	found, next = cursor.Page(cursors, found, f.Limit, func(m *message.Message) string { return m.ID })
	views, err := l.seen(ctx, caller, communityID, in, found)
	hits = make([]Hit, len(views))
	for i := range views {
		hits[i] = Hit{views[i], append([]words.Span{}, q.Highlights(views[i].Text)...)}
	}
	return hits, next, err
}
