package bulk

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// mayNotify refuses to promise a mail to somebody who has no address.
func mayNotify(caller actor.Actor, o Options) error {
	if o.Notify && caller.Kind != actor.Session {
		return errs.New(errs.Invalid, "notify_needs_person", "Only a person who is signed in can be written to: leave notify out, and ask for the status.")
	}
	return nil
}

// notify writes to whoever started a job that has ended, if that was asked
// for. Who cancels a job knows that it has.
func (b *Bulk) notify(ctx context.Context, tx *sqldb.Tx, j *job) error {
	accountID, person := strings.CutPrefix(j.Actor, "account:")
	if !j.Options.Notify || !person || j.Status == Cancelled || b.mail == nil || b.baseURL() == "" {
		return nil
	}
	acct, err := account.LoadAccount(ctx, tx, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // gone meanwhile
	}
	if err != nil {
		return err
	}
	home, err := community.Load(ctx, tx, j.CommunityID)
	if err != nil {
		return err
	}
	confirmed, err := account.Confirmed(ctx, tx, accountID)
	if err != nil {
		return err
	}
	msg := mail.Message{
		Sender: j.Actor, Confirmed: confirmed,
		To: acct.Email, ToName: acct.Username, Language: acct.Language, Template: mail.BulkJobFinished, CommunityID: j.CommunityID,
		Values: b.told(j),
	}
	if msg.Language == "" {
		msg.Language = home.Settings.Language
	}
	err = b.mail.Send(ctx, tx, msg)
	if errs.Is(err, "mail_refused") {
		b.log.WarnContext(ctx, "end of a bulk job not mailed", "job_id", j.ID, "error", err)
		return nil // an address that cannot be written to must not keep a job from ending
	}
	return err
}

// told is what a mail says about a job.
func (b *Bulk) told(j *job) map[string]string {
	kind, status := string(j.Type), Completed
	if j.DryRun {
		kind = "check"
	}
	if j.Status == Failed {
		status = Failed
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return map[string]string{
		"kind": kind, "status": status, "file": cmp.Or(j.FileName, "upload"), "link": b.baseURL() + "/c/" + j.CommunityID + "/api-log/" + j.ID,
		"created": number(j.Counts.Created), "updated": number(j.Counts.Updated), "unchanged": number(j.Counts.Unchanged),
		"skipped": number(j.Counts.Skipped), "failed": number(j.Counts.Failed),
	}
}
