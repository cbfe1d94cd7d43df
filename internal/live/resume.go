package live

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
)

// maxResume is how many events a resume examines at most.
const maxResume = 10_000

// Resume sends the visible events after a sequence, or a gap if they are too many or
// no longer kept. It ends when the client receives live events again; meanwhile the
// transport reads no frames.
func (c *Client) Resume(ctx context.Context, after int64) error {
	c.pause(true)
	latest, err := c.hub.Events.Latest(ctx, c.room.communityID)
	if err != nil {
		c.pause(false)
		return err
	}
	if after > latest || latest-after > maxResume {
		return c.gap(ctx, latest)
	}
	for at := after; ; {
		page, err := c.hub.Events.Read(ctx, c.room.communityID, event.Query{After: at, Limit: pageEvents})
		if errs.KindOf(err) == errs.Gone {
			return c.gap(ctx, latest)
		}
		if err == nil {
			err = c.replay(page.Events)
		}
		if err != nil {
			c.pause(false)
			return err
		}
		at = max(at, page.Next)
		if at >= latest && c.finish(after, at) {
			return nil
		}
		latest = max(latest, page.Latest)
	}
}

func (c *Client) pause(paused bool) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.resuming = paused
}

// replay sends the visible ones among events.
func (c *Client) replay(events []event.Event) error {
	for _, e := range events {
		v, err := c.room.newView(e)
		if err != nil {
			return err
		}
		f, err := c.frameOf(v)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if err := c.await(); err != nil {
			return err
		}
		c.Send(f)
	}
	return nil
}

// frameOf returns the frame of an event if the client may see it now.
func (c *Client) frameOf(v *view) (*Frame, error) {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.class == nil {
		return nil, errClosed
	}
	in, visible := c.class.sees[v.channelID]
	own := c.memberID != "" && c.memberID == v.event.UserID
	for _, memberID := range v.participants {
		visible = visible || memberID == c.memberID && c.memberID != ""
	}
	if !own && (v.live == nil || v.channelID == "" || !visible || !c.wants(v.channelID)) {
		return nil, nil //nolint:nilnil // there is nothing to send
	}
	return v.frame(r.ctx, c, in)
}

// finish ends the resume at a sequence if the room is not ahead of it.
func (c *Client) finish(after, at int64) bool {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if at < r.position {
		return false
	}
	from := after + 1
	c.resuming, c.known, c.markedAt = false, at, c.hub.Clock.MS()
	c.Send(answer{Op: OpResumed, From: &from, To: &at}.frame())
	return true
}

// gap reports that the events after the position of the client cannot be sent.
func (c *Client) gap(ctx context.Context, latest int64) error {
	c.pause(false)
	page, err := c.hub.Events.Read(ctx, c.room.communityID, event.Query{After: latest, Limit: 1})
	if err != nil {
		return err
	}
	c.Send(answer{Op: OpGap, Oldest: &page.Oldest}.frame())
	return nil
}
