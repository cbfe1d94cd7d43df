package change

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message"
)

// Pin pins a message to its channel. It changes nothing if it is pinned. It takes
// pinable in the channel, or the key permission channels. It fails with NotFound
// "message_not_found", Forbidden "missing_permission" or Conflict "too_many_pins".
func (s *Changes) Pin(ctx context.Context, caller actor.Actor, communityID, messageID string) (message.View, error) {
	return s.changePin(ctx, caller, communityID, messageID, change.pin)
}

// Unpin reverts Pin.
func (s *Changes) Unpin(ctx context.Context, caller actor.Actor, communityID, messageID string) (message.View, error) {
	return s.changePin(ctx, caller, communityID, messageID, change.unpin)
}

func (s *Changes) changePin(ctx context.Context, caller actor.Actor, communityID, messageID string, f func(change, context.Context) error) (message.View, error) {
	if err := s.m.Access.Can(ctx, caller, communityID, message.InAnyChannel); err != nil {
		return message.View{}, err
	}
	var changed message.View
	return changed, s.m.Change(ctx, caller, communityID, messageID, "", func(in *message.Change) error {
		c := change{in, s}
		if err := c.RequirePresent(); err != nil {
			return err
		}
		if err := c.RequireInChannel(permission.Pinable); err != nil {
			return err
		}
		if err := f(c, ctx); err != nil {
			return err
		}
		var err error
		changed, err = c.View(ctx)
		return err
	})
}

func (c change) pin(ctx context.Context) error {
	if c.Message.PinnedAt != 0 {
		return nil
	}
	if err := c.Tx.LockExclusive(ctx, "pins "+c.CommunityID+" "+c.Message.ChannelID); err != nil {
		return err
	}
	pins, latest, err := countPins(ctx, c.Tx, c.CommunityID, c.Message.ChannelID)
	if err != nil {
		return err
	}
	if pins >= message.MaxPins {
		return errs.New(errs.Conflict, "too_many_pins", "A channel has at most %d pinned messages. Unpin one first.", message.MaxPins)
	}
	c.Message.PinnedAt = max(c.s.m.Clock.MS(), latest+1)
	return c.storePin(ctx)
}

func (c change) unpin(ctx context.Context) error {
	if c.Message.PinnedAt == 0 {
		return nil
	}
	c.Message.PinnedAt = 0
	return c.storePin(ctx)
}

func (c change) storePin(ctx context.Context) error {
	if err := message.SetPinned(ctx, c.Tx, c.CommunityID, &c.Message); err != nil {
		return err
	}
	verb := verbPin
	if c.Message.PinnedAt == 0 {
		verb = verbUnpin
	}
	if err := c.Record(ctx, verb); err != nil {
		return err
	}
	return c.AppendUpdated(ctx)
}
