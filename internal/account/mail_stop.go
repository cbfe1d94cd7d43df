package account

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

const maxStopReason = 500 // characters

// StopMails ends the unsent mails of a sender and a community to unconfirmed
// addresses, writes the reason into the audit log of the community, and returns
// the number of mails. Only the owner of the installation may. It fails with
// Forbidden "owner_required" and Invalid "invalid_input".
func (a *Accounts) StopMails(ctx context.Context, caller actor.Actor, b mail.Backlog, reason string) (stopped int64, err error) {
	if !caller.InstallationOwner || caller.OnlyCommunity != "" {
		return 0, errs.New(errs.Forbidden, "owner_required", "Only the owner of the installation can stop mails.")
	}
	reason, ok := text.Line(reason, maxStopReason)
	if !ok || reason == "" {
		return 0, errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid_input", "The reason has 1 to %d characters.", maxStopReason)})
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if stopped, err = a.mail.StopBacklog(ctx, tx, b, reason); err != nil || stopped == 0 || b.CommunityID == "" {
			return err
		}
		target := audit.Target{Type: "mail", ID: b.Sender, Name: b.Sender}
		if accountID, person := strings.CutPrefix(b.Sender, "account:"); person {
			if account, err := LoadAccount(ctx, tx, accountID); err == nil {
				target.Name = account.Username
			} else if errs.KindOf(err) != errs.NotFound {
				return err
			}
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, a.clock.MS(), b.CommunityID, "mail.stop", target,
			audit.Change{Field: "count", New: strconv.FormatInt(stopped, 10)}, audit.Change{Field: "reason", New: reason})
	})
	return stopped, err
}
