package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/id"
)

// Limits of the frames that wait for a client.
const (
	maxBehind      = 256
	maxBehindBytes = 1 << 20
	roomForResume  = 64              // a resume waits until fewer frames wait
	roomForNow     = 32              // frames without a sequence are left out above it
	closeGrace     = 5 * time.Second // until the connection of a slow client is aborted
	unknownExpiry  = int64(-1)       // the credential has not been reviewed yet

	// Live events of a new connection wait for its resume, in ticks of the room: for the
	// first frame that subscribes, and then for the frame that resumes.
	openingTicks, subscribedTicks = 8, 2
	markEvery                     = 14 * time.Second // of the 15 seconds that clients rely on
)

var errClosed = errors.New("the connection is closed")

// Client is a live connection of a person to one community.
type Client struct {
	hub      *Hub
	room     *room
	caller   actor.Actor
	memberID string // "": the owner of the installation, not a member
	id       string
	out      Transport

	frames sync.Mutex // held while a frame of the client is handled, and while it catches up

	// The room's lock guards these.
	class    *class
	allFrom  int64            // the sequence that the events of all channels follow
	channels map[string]int64 // subscribed channels, and the sequence that their events follow; nil: none
	from     int64            // the sequence that the events of the member itself follow
	opening  int              // ticks until live events begin without a resume; 0: they have begun
	known    int64            // everything visible up to this sequence was sent
	markedAt int64            // time of the last event or mark
	expires  int64            // of the credential, Unix milliseconds; 0: never
	all      bool             // subscribed to all visible channels
	asked    bool             // it has subscribed or resumed before
	resuming bool             // live events wait until the resume has passed them

	mu      sync.Mutex
	queue   []*Frame      // to send; nil while the client is up to date
	behind  int           // frames in queue and in the hands of flush
	bytes   int           // of these frames
	drained chan struct{} // closed when frames were sent; nil: no one waits
	code    Code          // set: the connection is closing
	reason  string
	writing bool // flush runs
	left    bool
}

func newClient(h *Hub, caller actor.Actor, memberID string, out Transport) *Client {
	caller.Cache = nil
	return &Client{hub: h, caller: caller, memberID: memberID, id: id.New(h.Clock.Now()), out: out, expires: unknownExpiry}
}

// Leave ends the membership of the connection in its room. It may be called again.
func (c *Client) Leave() {
	c.mu.Lock()
	left := c.left
	c.left = true
	if c.code == 0 {
		c.code = CodeRestart // nothing is sent any more
	}
	c.queue = nil
	c.wakeWaiting()
	c.mu.Unlock()
	if left {
		return
	}
	last := c.room.remove(c)
	c.hub.release(c)
	if last {
		c.room.report(c.hub.notifyPresence(context.Background(), c.room.communityID, c.memberID, false))
	}
	c.hub.leave(c.room)
}

// Close ends the connection with a code. Frames that wait are dropped.
func (c *Client) Close(code Code, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.close(code, reason)
}

// close is Close with the lock.
func (c *Client) close(code Code, reason string) {
	if c.code != 0 {
		return
	}
	c.code, c.reason, c.queue = code, reason, nil
	c.wakeWaiting()
	if c.writing { // flush closes the connection, unless a write does not end
		time.AfterFunc(closeGrace, c.out.Abort)
		return
	}
	c.writing = true
	c.hub.Go(c.flush)
}

// Send sends a frame. A client that is too far behind is closed instead.
func (c *Client) Send(f *Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(f)
}

func (c *Client) send(f *Frame) {
	if c.code != 0 {
		return
	}
	if c.behind >= maxBehind || c.behind > 0 && c.bytes+len(f.JSON) > maxBehindBytes {
		c.close(CodeTooSlow, "too slow")
		return
	}
	c.queue = append(c.queue, f)
	c.behind++
	c.bytes += len(f.JSON)
	if !c.writing {
		c.writing = true
		c.hub.Go(c.flush)
	}
}

// sendNow sends a frame that may be lost.
func (c *Client) sendNow(f *Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind < roomForNow {
		c.send(f)
	}
}

// await waits until few frames wait for the client, and fails once it is closing.
func (c *Client) await() error {
	for {
		c.mu.Lock()
		if c.code != 0 {
			c.mu.Unlock()
			return errClosed
		}
		if c.behind < roomForResume && c.bytes < maxBehindBytes/2 {
			c.mu.Unlock()
			return nil
		}
		if c.drained == nil {
			c.drained = make(chan struct{})
		}
		drained := c.drained
		c.mu.Unlock()
		<-drained
	}
}

func (c *Client) wakeWaiting() {
	if c.drained != nil {
		close(c.drained)
		c.drained = nil
	}
}

// flush sends the frames that wait, and then the close frame if the connection is
// closing. There is no goroutine of a client that is up to date.
func (c *Client) flush() {
	var sent int
	var size int
	for {
		c.mu.Lock()
		c.behind -= sent
		c.bytes -= size
		if sent > 0 {
			c.wakeWaiting()
		}
		if c.code != 0 {
			code, reason, left := c.code, c.reason, c.left
			c.mu.Unlock()
			if !left {
				c.out.Close(code, reason)
			}
			return
		}
		if len(c.queue) == 0 {
			c.queue, c.writing = nil, false
			c.mu.Unlock()
			return
		}
		f := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.mu.Unlock()
		if err := c.out.Send(f); err != nil {
			c.out.Abort() // the reader of the transport calls Leave
			c.mu.Lock()
			if c.code == 0 {
				c.code = CodeTooSlow
			}
			c.queue = nil
			c.wakeWaiting()
			c.mu.Unlock()
			return
		}
		sent, size = 1, len(f.JSON)
	}
}

// wants reports whether the client has subscribed to a channel. The room is locked.
func (c *Client) wants(channelID string) bool {
	_, subscribed := c.subscribedFrom(channelID)
	return subscribed
}

// subscribedFrom returns the sequence that the events of a channel follow. ok is false
// for a channel that the client has not subscribed to. The room is locked.
func (c *Client) subscribedFrom(channelID string) (from int64, ok bool) {
	from, ok = c.channels[channelID]
	if c.all && (!ok || c.allFrom < from) {
		return c.allFrom, true
	}
	return from, ok
}

// received reports whether an event that the client may see was sent already. The room
// is locked.
func (c *Client) received(v *view, own bool) bool {
	from, subscribed := c.subscribedFrom(v.channelID)
	if own && (!subscribed || c.from < from) {
		from = c.from
	}
	return v.event.Sequence > from && v.event.Sequence <= c.known
}

// waits reports whether live events wait. The room is locked.
func (c *Client) waits() bool { return c.resuming || c.opening > 0 }

// deliver sends a live event. The room is locked.
func (c *Client) deliver(f *Frame, now int64) {
	if c.waits() || f.Sequence <= c.known {
		return
	}
	c.known, c.markedAt = f.Sequence, now
	c.Send(f)
}
