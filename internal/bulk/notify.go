package bulk

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// mayNotify rejects notify for callers without an address.
func mayNotify(caller actor.Actor, o job.Options) error {
	if o.Notify && caller.Kind != actor.Session {
		return errs.New(errs.Invalid, "notify_needs_person", "Only a signed-in person can receive mail. Leave out notify and poll the status.")
	}
	return nil
}

// notifyAll is the consumer that mails the ends of jobs.
func (b *Bulk) notifyAll(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	for i := range batch {
		var data JobFinished
		if err := batch[i].Decode(&data); err != nil {
			return err
		}
		j, err := job.Load(ctx, tx, batch[i].CommunityID, data.JobID)
		if err == nil {
			err = b.notify(ctx, tx, &j)
		}
		if err != nil && errs.KindOf(err) != errs.NotFound { // the job or its community was deleted
			return err
		}
	}
	return nil
}

// notify mails the end of a job to its starter, if requested. A
// cancelled job sends no mail.
func (b *Bulk) notify(ctx context.Context, tx *sqldb.Tx, j *job.Job) error {
	accountID, person := strings.CutPrefix(j.Actor, "account:")
	if !j.Options.Notify || !person || j.Status == job.Cancelled || b.mail == nil || b.baseURL() == "" {
		return nil
	}
	acct, err := account.LoadAccount(ctx, tx, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // deleted meanwhile
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
		Values: b.mailValues(j),
	}
	if msg.Language == "" {
		msg.Language = home.Settings.Language
	}
	err = b.mail.Send(ctx, tx, msg)
	if errs.Is(err, "mail_refused") {
		b.log.WarnContext(ctx, "end of a bulk job not mailed", "job_id", j.ID, "error", err)
		return nil // an invalid address does not fail the job
	}
	return err
}

// mailValues returns the values of the mail.
func (b *Bulk) mailValues(j *job.Job) map[string]string {
	kind, status := string(j.Type), job.Completed
	if j.DryRun {
		kind = "check"
	}
	if j.Status == job.Failed {
		status = job.Failed
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	var found strings.Builder
	for _, w := range j.AllWarnings() {
		found.WriteString(w.Message.Stored() + "\n")
	}
	return map[string]string{
		"kind": kind, "status": status, "file": cmp.Or(j.FileName, "upload"), "link": b.baseURL() + "/c/" + j.CommunityID + "/bulk-jobs/" + j.ID,
		"created": number(j.Counts.Created), "updated": number(j.Counts.Updated), "unchanged": number(j.Counts.Unchanged),
		"skipped": number(j.Counts.Skipped), "failed": number(j.Counts.Failed), "warnings": found.String(),
	}
}
