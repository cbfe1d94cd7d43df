package post

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
)

// nonceKept is how long a nonce answers with its message.
const nonceKept = 24 * time.Hour

// repeated returns the id of the message that was posted with the same nonce; "" if
// there is none.
func (d *draft) repeated(ctx context.Context, answered string) (string, error) {
	if d.in.Nonce == "" {
		return "", nil
	}
	kept, err := lockNonce(ctx, d.tx, d.communityID, &d.message, d.in.Nonce)
	if err != nil || kept.messageID == "" || kept.createdAt <= d.d.Messages.Clock.Now().Add(-nonceKept).UnixMilli() {
		return "", err
	}
	print, err := d.in.fingerprint(answered)
	if err != nil {
		return "", err
	}
	if kept.fingerprint != print {
		return "", errs.New(errs.Conflict, "idempotency_mismatch", "This nonce belongs to another message. Send a new nonce with a new text.")
	}
	return kept.messageID, nil
}

// insertNonce stores the nonce of the message, if it has one.
func (d *draft) insertNonce(ctx context.Context) error {
	if d.in.Nonce == "" {
		return nil
	}
	answered := d.message.ReplyToID
	if answered == "" {
		answered = d.message.ParentID
	}
	print, err := d.in.fingerprint(answered)
	if err != nil {
		return err
	}
	return putNonce(ctx, d.tx, d.communityID, &d.message, d.in.Nonce, print)
}

// sweepNonces deletes nonces that no longer answer.
func (p *Posts) sweepNonces(ctx context.Context) error {
	return deleteNonces(ctx, p.d.Messages.DB, p.d.Messages.Clock.Now().Add(-nonceKept).UnixMilli())
}

// waitSlowMode refuses a message that the author posts too soon after the last one
// in the channel, with Limited "slow_mode". It does not apply to keys that manage
// channels and to managers of messages.
func (d *draft) waitSlowMode(ctx context.Context) error {
	pause := d.place.Channel.SlowMode * 1_000
	if pause == 0 || d.place.ByKey && d.d.Messages.Access.Can(ctx, d.caller, d.communityID, permission.ManageChannels) == nil || !d.place.ByKey && d.place.Allows(permission.ManageMessages) {
		return nil
	}
	last, err := lastPost(ctx, d.tx, d.communityID, &d.message)
	if err != nil {
		return err
	}
	if left := last + pause - d.message.PostedAt; last > 0 && left > 0 {
		return errs.New(errs.Limited, "slow_mode", "Slow mode is on in this channel. Wait before you write again.").WithRetry(time.Duration(left) * time.Millisecond)
	}
	return putLastPost(ctx, d.tx, d.communityID, &d.message)
}
