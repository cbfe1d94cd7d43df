package live

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
)

// view renders an event, once for each audience.
type view struct {
	event        event.Event
	live         *feature.Live // nil: only the member that the event concerns sees it
	channelID    string        // "": none
	participants []string      // of a direct conversation
	blocking     []string      // members that have blocked the member that the event concerns
	frames       map[feature.Audience]*Frame
}

func (r *room) newView(e event.Event) (v *view, err error) {
	v = &view{event: e, live: r.hub.liveOf(e.Type), frames: map[feature.Audience]*Frame{}}
	if v.live == nil {
		return v, nil
	}
	v.channelID = channelOf(e.Data)
	if e.ConversationID != "" && v.live.Participants != nil {
		if v.participants, err = v.live.Participants(r.ctx, r.communityID, v.channelID); err != nil {
			return nil, err
		}
	}
	if e.UserID != "" && v.live.Blocking != nil {
		v.blocking, err = v.live.Blocking(r.ctx, r.communityID, e.UserID)
	}
	return v, err
}

// frame returns the frame of the event for a client, nil if it must not see it. The
// room is locked.
func (v *view) frame(ctx context.Context, c *Client, in sight) (*Frame, error) {
	own := c.memberID != "" && c.memberID == v.event.UserID
	a := feature.Audience{Author: own}
	if v.live != nil {
		a = c.class.audience(in, own, c.memberID != "" && slices.Contains(v.blocking, c.memberID))
	}
	if f, rendered := v.frames[a]; rendered {
		return f, nil
	}
	f, err := v.render(ctx, a)
	if err == nil {
		v.frames[a] = f
	}
	return f, err
}

func (v *view) render(ctx context.Context, a feature.Audience) (*Frame, error) {
	data := v.event.Data
	if v.live != nil {
		rendered, visible, err := v.live.Render(ctx, v.event, a)
		if err != nil || !visible {
			return nil, err
		}
		data = rendered
	}
	var line bytes.Buffer // the database may have formatted it
	if err := json.Compact(&line, data); err != nil {
		return nil, err
	}
	return eventFrame(v.event.Sequence, v.event.Type, v.channelID, line.Bytes()), nil
}
