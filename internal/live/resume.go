package live

import (
	"context"
	"errors"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
)

// maxResume is how many events a resume examines at most.
const maxResume = 10_000

// Resume sends the visible events after a sequence, or a gap if they are too many or
// no longer kept. Events that this connection has sent are left out. It ends when the
// client receives live events again; meanwhile the transport reads no frames. A client
// whose events cannot be read is closed with CodeTryLater.
func (c *Client) Resume(ctx context.Context, after int64) {
	c.frames.Lock()
	defer c.frames.Unlock()
	c.resume(ctx, after)
}

func (c *Client) resume(ctx context.Context, after int64) {
	c.pause(true)
	complete, err := c.replaySince(ctx, after)
	if err == nil && !complete {
		err = c.gap(ctx)
	}
	c.endUnless(err)
}

// replaySince replays the events after a sequence. It returns false if they are too
// many or no longer kept.
func (c *Client) replaySince(ctx context.Context, after int64) (complete bool, err error) {
	latest, err := c.hub.Events.Latest(ctx, c.room.communityID)
	if err != nil {
		return false, err
	}
	if after > latest || latest-after > maxResume {
		return false, nil
	}
	err = c.catchUp(ctx, after, &after)
	if errs.KindOf(err) == errs.Gone {
		return false, nil
	}
	return err == nil, err
}

// gap reports that the events after the position of the client cannot be sent, and
// sends those after hello.
func (c *Client) gap(ctx context.Context) error {
	latest, err := c.hub.Events.Latest(ctx, c.room.communityID)
	if err != nil {
		return err
	}
	page, err := c.hub.Events.Read(ctx, c.room.communityID, event.Query{After: latest, Limit: 1})
	if err != nil {
		return err
	}
	c.Send(answer{Op: OpGap, Oldest: &page.Oldest}.frame())
	c.room.mu.Lock()
	known := c.known
	c.room.mu.Unlock()
	return c.catchUp(ctx, known, nil)
}

// open counts the ticks in which live events wait for a resume, and begins them after
// the last one. The room is locked.
func (c *Client) open() {
	if c.opening == 0 {
		return // it resumes
	}
	if c.opening--; c.opening > 0 || c.known >= c.room.position {
		return
	}
	c.opening = 1 // until begin has the events that have waited
	c.hub.Go(func() { c.Begin(c.room.ctx) })
}

// Begin begins live events without a resume.
func (c *Client) Begin(ctx context.Context) {
	c.frames.Lock()
	defer c.frames.Unlock()
	c.begin(ctx)
}

// begin sends the events that have waited for a resume.
func (c *Client) begin(ctx context.Context) {
	r := c.room
	r.mu.Lock()
	waiting, known := c.opening > 0, c.known
	c.opening, c.resuming = 0, waiting
	r.mu.Unlock()
	if waiting {
		c.endUnless(c.catchUp(ctx, known, nil))
	}
}

// endUnless closes the connection after an error: events may be missing. The client
// resumes with the next one.
func (c *Client) endUnless(err error) {
	if err != nil && !errors.Is(err, errClosed) {
		c.room.report(err)
		c.Close(CodeTryLater, "events are unavailable")
	}
}

// catchUp sends the visible events after a sequence until the client has reached the
// room. after is that of a resume, nil if the client has asked for none.
func (c *Client) catchUp(ctx context.Context, at int64, after *int64) error {
	for {
		page, err := c.hub.Events.Read(ctx, c.room.communityID, event.Query{After: at, Limit: pageEvents})
		if err != nil {
			return err
		}
		if err := c.replay(page.Events); err != nil {
			return err
		}
		at = max(at, page.Next)
		if !page.More && c.finish(at, after) {
			return nil
		}
	}
}

func (c *Client) pause(paused bool) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.resuming, c.opening = paused, 0
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
		if e.Type == chat.EventDeleted {
			c.room.dropDeleted(c, v.channelID)
		}
	}
	return nil
}

// frameOf returns the frame of an event if the client may see it now and has not
// received it.
func (c *Client) frameOf(v *view) (*Frame, error) {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.class == nil {
		return nil, errClosed
	}
	in, visible := r.sight(c.class, v)
	own := c.memberID != "" && c.memberID == v.event.UserID
	for _, memberID := range v.participants {
		visible = visible || memberID == c.memberID && c.memberID != ""
	}
	if !own && (v.live == nil || v.channelID == "" || !visible || !c.wants(v.channelID)) || c.received(v, own) {
		return nil, nil //nolint:nilnil // there is nothing to send
	}
	return v.frame(r.ctx, c, in)
}

// finish begins live events after a sequence if the room is not ahead of it.
func (c *Client) finish(at int64, after *int64) bool {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if at < r.position {
		return false
	}
	c.resuming, c.known, c.markedAt = false, at, c.hub.Clock.MS()
	if after == nil {
		c.Send(markFrame(at))
		return true
	}
	c.asked, c.from, c.allFrom = true, min(c.from, *after), min(c.allFrom, *after)
	for channelID, from := range c.channels {
		c.channels[channelID] = min(from, *after)
	}
	from := *after + 1
	c.Send(answer{Op: OpResumed, From: &from, To: &at}.frame())
	return true
}
