package live

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/errs"
)

// maxSubscriptions bounds the channels that a client names.
const maxSubscriptions = 1_000

// Handle handles a frame of the client, in the order of frames.
func (c *Client) Handle(ctx context.Context, frame []byte) {
	c.frames.Lock()
	defer c.frames.Unlock()
	var in request
	if err := json.Unmarshal(frame, &in); err != nil {
		c.Send(NewError("bad_frame", "A frame is one JSON object.", ""))
		return
	}
	var err error
	switch in.Op {
	case "subscribe":
		err = c.subscribe(ctx, in.Channels, in.Ref)
	case "unsubscribe":
		c.unsubscribe(in.Channels)
	case "resume":
		if in.After == nil || *in.After < 0 {
			err = errs.New(errs.Invalid, "invalid_input", "A resume names the last sequence in after.")
			break
		}
		c.resume(ctx, *in.After)
	case "typing":
		err = c.hub.ReadStates.Typing(ctx, c.caller, c.room.communityID, in.ChannelID)
	case "read":
		_, err = c.hub.ReadStates.Read(ctx, c.caller, c.room.communityID, in.ChannelID, in.MessageID, false)
	case "active":
		c.hub.Active(ctx, c.caller, c.room.communityID)
	case "ping":
		c.pong(ctx)
	case "auth":
		err = errs.New(errs.Conflict, "already_authenticated", "The connection has a credential already.")
	default:
		err = errs.New(errs.Invalid, "unknown_op", "There is no frame of this op.")
	}
	if err != nil {
		c.reject(err, in.Ref)
	}
}

func (c *Client) reject(err error, ref string) {
	if e := errs.From(err); e != nil {
		c.Send(NewError(e.Code, e.Message, ref))
		return
	}
	c.room.report(err)
	c.Send(NewError("unavailable", "The server is temporarily unavailable. Try again in a moment.", ref))
}

// Subscribe subscribes to channels, or with "*" to every visible one. It fails with
// NotFound "channel_not_found" and subscribes to none then.
func (c *Client) Subscribe(ctx context.Context, channels []string) error {
	c.frames.Lock()
	defer c.frames.Unlock()
	return c.subscribe(ctx, channels, "")
}

func (c *Client) subscribe(ctx context.Context, channels []string, ref string) error {
	if len(channels) > maxSubscriptions {
		return errs.New(errs.Invalid, "too_many", "A client subscribes to at most %d channels. Use \"*\" for all.", maxSubscriptions)
	}
	if err := c.requireVisible(ctx, channels); err != nil {
		return err
	}
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.class == nil {
		return nil
	}
	if !c.waits() {
		c.known = max(c.known, r.position)
	}
	if c.opening > 0 || !c.asked {
		c.opening, c.asked = subscribedTicks, true
	}
	at := c.known
	for _, channelID := range channels {
		switch {
		case channelID != "*":
			if _, subscribed := c.subscribedFrom(channelID); !subscribed {
				c.add(channelID, at)
			}
		case !c.all:
			c.all, c.allFrom = true, at
		}
	}
	c.Send(answer{Op: OpSubscribed, Channels: channels, Sequence: &at, Ref: ref}.frame())
	return nil
}

// add subscribes to the events of a channel after a sequence. The room is locked.
func (c *Client) add(channelID string, from int64) {
	if c.channels == nil {
		c.channels = map[string]int64{}
	}
	c.channels[channelID] = from
}

// requireVisible fails with NotFound "channel_not_found" if the member does not see one
// of channels. A channel that the room does not know yet is read.
func (c *Client) requireVisible(ctx context.Context, channels []string) error {
	for _, channelID := range channels {
		if channelID == "*" || c.sees(channelID) {
			continue
		}
		members, err := c.directMembers(ctx, channelID)
		if err != nil {
			return err
		}
		if c.memberID != "" && slices.Contains(members, c.memberID) {
			continue
		}
		if _, err := c.hub.Chat.Channel(ctx, c.caller, c.room.communityID, channelID); err != nil {
			return err
		}
	}
	return nil
}

// sees reports whether the room knows that the member sees a channel.
func (c *Client) sees(channelID string) bool {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if c.class == nil {
		return false
	}
	_, visible := c.class.sees[channelID]
	return visible
}

// directMembers returns the participants of a conversation that is in no list of
// channels.
func (c *Client) directMembers(ctx context.Context, channelID string) ([]string, error) {
	c.room.mu.Lock()
	_, listed := c.room.channels[channelID]
	c.room.mu.Unlock()
	if listed || channelID == "*" || !c.caller.InChannel(channelID) {
		return nil, nil
	}
	return c.hub.participants(ctx, c.room.communityID, channelID)
}

func (c *Client) unsubscribe(channels []string) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	for _, channelID := range channels {
		if channelID == "*" {
			c.all = false
		}
		delete(c.channels, channelID)
	}
}

// pong answers a ping with a mark.
func (c *Client) pong(ctx context.Context) {
	c.begin(ctx)
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.waits() {
		return // it is closing
	}
	c.known, c.markedAt = max(c.known, r.position), c.hub.Clock.MS()
	c.Send(markFrame(c.known))
}
