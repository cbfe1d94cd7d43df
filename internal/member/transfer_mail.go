package member

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// mailTransfer mails the member the link to the offer, if mail is set up.
func (s *Members) mailTransfer(ctx context.Context, tx *sqldb.Tx, home community.Community, t Transfer, token string) error {
	if s.connected.Mail == nil || s.connected.url("") == "" {
		return nil
	}
	to, err := standing(ctx, tx, t.CommunityID, byMember, t.UserID)
	if err != nil {
		return err
	}
	account, err := account.LoadAccount(ctx, tx, to.AccountID)
	if err != nil {
		return err
	}
	return s.connected.Mail.Send(ctx, tx, mail.Message{
		To: account.Email, Language: mailLanguage(account, home), Sender: actor.FromContext(ctx).Principal(), Confirmed: true,
		Template: mail.TransferOffered, CommunityID: home.ID, ExpiresAt: t.ExpiresAt,
		Values: map[string]string{"community": home.Name, "link": s.connected.url(TransferPage + "?token=" + token)},
	})
}

func mailLanguage(account account.Account, home community.Community) string {
	if account.Language != "" {
		return account.Language
	}
	return home.Settings.Language
}

// transferOutcome is the job that mails the outcome of a transfer to the owner
// that made the offer.
type transferOutcome struct {
	CommunityID string `json:"communityId"`
	TransferID  string `json:"transferId"`
}

// Kind names the worker.
func (transferOutcome) Kind() string { return "member.transfer_outcome" }

// RegisterTransfers registers the workers that expire transfers and mail how they
// ended. Call it before the engine starts.
func (s *Members) RegisterTransfers(engine *jobs.Engine) {
	jobs.Register(engine, s.mailOutcome)
	jobs.Register(engine, s.expireTransfer)
}

// transferExpiry is the job that ends a transfer when it expires.
type transferExpiry struct {
	CommunityID string `json:"communityId"`
	TransferID  string `json:"transferId"`
}

// Kind names the worker.
func (transferExpiry) Kind() string { return "member.transfer_expiry" }

// scheduleExpiry queues the end of the transfer for the moment of its expiry.
func (t Transfer) scheduleExpiry(ctx context.Context, tx *sqldb.Tx) error {
	_, err := jobs.Insert(ctx, tx, transferExpiry{t.CommunityID, t.ID}, jobs.Options{CommunityID: t.CommunityID, RunAt: time.UnixMilli(t.ExpiresAt)})
	return err
}

// expireTransfer does nothing if the transfer has ended already.
func (s *Members) expireTransfer(ctx context.Context, j *jobs.Job, e transferExpiry) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := s.expire(ctx, tx, e); err != nil {
			return err
		}
		return j.Complete(ctx, tx)
	})
}

func (s *Members) expire(ctx context.Context, tx *sqldb.Tx, e transferExpiry) error {
	if err := tx.LockExclusive(ctx, transferGuard(e.CommunityID)); err != nil {
		return err
	}
	t, err := loadTransfer(ctx, tx, e.CommunityID, e.TransferID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil // it was erased
	}
	now := s.clock.MS()
	if err != nil || t.State != TransferOpen || t.ExpiresAt > now {
		return err
	}
	return endTransfer(ctx, tx, t, TransferExpired, now)
}

func (s *Members) mailOutcome(ctx context.Context, j *jobs.Job, o transferOutcome) error {
	if s.connected.Mail == nil || s.connected.url("") == "" {
		return nil
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		err := s.writeOutcome(ctx, tx, o)
		if errs.KindOf(err) == errs.NotFound || errs.Is(err, "mail_refused") {
			err = nil // the transfer, the community or the account was deleted
		}
		if err != nil {
			return err
		}
		return j.Complete(ctx, tx) // one mail, also after a crash
	})
}

func (s *Members) writeOutcome(ctx context.Context, tx *sqldb.Tx, o transferOutcome) error {
	t, err := loadTransfer(ctx, tx, o.CommunityID, o.TransferID, "")
	if err != nil {
		return err
	}
	home, err := community.Load(ctx, tx, o.CommunityID)
	if err != nil {
		return err
	}
	from, err := standing(ctx, tx, t.CommunityID, byMember, t.FromID)
	if err != nil || !from.Member {
		return err
	}
	acct, err := account.LoadAccount(ctx, tx, from.AccountID)
	if err != nil {
		return err
	}
	confirmed, err := account.Confirmed(ctx, tx, from.AccountID)
	if err != nil {
		return err
	}
	return s.connected.Mail.Send(ctx, tx, mail.Message{
		To: acct.Email, ToName: acct.Username, Language: mailLanguage(acct, home), Sender: "account:" + from.AccountID, Confirmed: confirmed,
		Template: mail.TransferEnded, CommunityID: home.ID,
		Values: map[string]string{"kind": t.State, "member": t.UserName, "community": home.Name, "link": s.connected.url("/c/" + home.ID + "/")},
	})
}
