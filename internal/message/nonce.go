package message

import (
	"context"
	"time"

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
	if err != nil || kept.messageID == "" || kept.createdAt <= d.Clock.Now().Add(-nonceKept).UnixMilli() {
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

// keepNonce stores the nonce of the message, if it has one.
func (d *draft) keepNonce(ctx context.Context) error {
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
func (m *Messages) sweepNonces(ctx context.Context) error {
	return m.DB.DeleteBatches(ctx, "message_nonces", "created_at", "created_at < $1", m.Clock.Now().Add(-nonceKept).UnixMilli())
}
