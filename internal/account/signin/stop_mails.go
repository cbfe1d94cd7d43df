package signin

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

const maxStopReason = 500 // characters

// StopMails deletes the unsent mails of a sender and a community to unconfirmed
// addresses, records the reason in the audit log of the community, else of the
// installation, and returns the number of mails. It fails with Forbidden
// "owner_required" for actors other than the owner of the installation, and with
// Invalid "invalid_input".
func (a *Accounts) StopMails(ctx context.Context, caller actor.Actor, b mail.Backlog, reason string) (stopped int64, err error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return 0, err
	}
	reason, ok := text.Line(reason, maxStopReason)
	if !ok || reason == "" {
		return 0, errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid_input", "The reason has 1 to %d characters.", maxStopReason)})
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if stopped, err = a.mail.StopBacklog(ctx, tx, b, reason); err != nil || stopped == 0 {
			return err
		}
		target := audit.Target{Type: "mail", ID: b.Sender, Name: b.Sender}
		if accountID, person := strings.CutPrefix(b.Sender, "account:"); person {
			if account, err := account.LoadAccount(ctx, tx, accountID); err == nil {
				target.Name = account.Username
			} else if errs.KindOf(err) != errs.NotFound {
				return err
			}
		}
		return audit.Record(ctx, tx, caller, a.clock.MS(), b.CommunityID, "mail.stop", target,
			audit.Change{Field: "count", New: strconv.FormatInt(stopped, 10)}, audit.Change{Field: "reason", New: reason})
	})
	return stopped, err
}
