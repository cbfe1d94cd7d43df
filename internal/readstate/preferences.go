package readstate

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Notify says which messages of a channel notify a member, by its name on the wire.
type Notify string

// Values of Notify.
const (
	NotifyAll      Notify = "all"
	NotifyMentions Notify = "mentions"
	NotifyNone     Notify = "none"
)

// Preferences are what a member has set for a channel.
type Preferences struct {
	Muted  bool // nothing notifies; messages count
	Notify Notify
}

// Change is a partial update; nil fields are unchanged.
type Change struct {
	Muted  *bool
	Notify *Notify
}

// SetPreferences changes what the actor has set for a channel. It fails with Forbidden
// "person_required", Invalid "invalid_input" or NotFound "channel_not_found".
func (r *ReadStates) SetPreferences(ctx context.Context, caller actor.Actor, communityID, channelID string, change Change) (p Preferences, err error) {
	err = r.inChannel(ctx, caller, communityID, channelID, func(tx *sqldb.Tx, who reader) error {
		if p, err = loadPreferences(ctx, tx, communityID, who.memberID, channelID); err != nil {
			return err
		}
		if change.Muted != nil {
			p.Muted = *change.Muted
		}
		if change.Notify != nil {
			p.Notify = *change.Notify
		}
		switch p.Notify {
		case NotifyAll, NotifyMentions, NotifyNone:
			return setPreferences(ctx, tx, communityID, who.memberID, channelID, p)
		}
		return errs.InvalidFields([]errs.Field{errs.Wrong("notify", "not_allowed", "Notify about all messages, mentions or none.")})
	})
	return p, err
}
