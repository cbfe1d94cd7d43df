package ownership

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// mailTransfer mails the member the link to the offer, if mail is set up.
func (s *Ownership) mailTransfer(ctx context.Context, tx *sqldb.Tx, by actor.Actor, home community.Community, t transfer.Transfer, token string) error {
	if s.mail == nil || s.baseURL() == "" {
		return nil
	}
	to, err := member.Memberships{}.ByMember(ctx, tx, t.CommunityID, t.UserID)
	if err != nil {
		return err
	}
	account, err := account.LoadAccount(ctx, tx, to.AccountID)
	if err != nil {
		return err
	}
	return s.mail.Send(ctx, tx, mail.Message{
		To: account.Email, Language: mailLanguage(account, home), Sender: by.Principal(), Confirmed: true,
		Template: mail.TransferOffered, CommunityID: home.ID, ExpiresAt: t.ExpiresAt,
		Values: map[string]string{"community": home.Name, "link": s.baseURL() + TransferPage + "?token=" + token},
	})
}

func mailLanguage(account account.Account, home community.Community) string {
	if account.Language != "" {
		return account.Language
	}
	return home.Settings.Language
}

// RegisterTransfers registers the workers that expire transfers and mail how they
// ended. Call it before the engine starts.
func (s *Ownership) RegisterTransfers(engine *jobs.Engine) {
	jobs.Register(engine, s.mailOutcome)
	jobs.Register(engine, s.expireTransfer)
}

// expireTransfer does nothing if the transfer has ended already.
func (s *Ownership) expireTransfer(ctx context.Context, j *jobs.Job, e transfer.Expiry) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := s.expire(ctx, tx, e); err != nil {
			return err
		}
		return j.Complete(ctx, tx)
	})
}

func (s *Ownership) expire(ctx context.Context, tx *sqldb.Tx, e transfer.Expiry) error {
	if err := tx.LockExclusive(ctx, transfer.Guard(e.CommunityID)); err != nil {
		return err
	}
	t, err := transfer.Load(ctx, tx, e.CommunityID, e.TransferID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil // it was erased
	}
	now := s.clock.MS()
	if err != nil || t.State != transfer.Open || t.ExpiresAt > now {
		return err
	}
	return transfer.End(ctx, tx, actor.Actor{}, t, transfer.Expired, now)
}

func (s *Ownership) mailOutcome(ctx context.Context, j *jobs.Job, o transfer.Outcome) error {
	if s.mail == nil || s.baseURL() == "" {
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

func (s *Ownership) writeOutcome(ctx context.Context, tx *sqldb.Tx, o transfer.Outcome) error {
	t, err := transfer.Load(ctx, tx, o.CommunityID, o.TransferID, "")
	if err != nil {
		return err
	}
	home, err := community.Load(ctx, tx, o.CommunityID)
	if err != nil {
		return err
	}
	from, err := member.Memberships{}.ByMember(ctx, tx, t.CommunityID, t.FromUserID)
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
	return s.mail.Send(ctx, tx, mail.Message{
		To: acct.Email, ToName: acct.Username, Language: mailLanguage(acct, home), Sender: "account:" + from.AccountID, Confirmed: confirmed,
		Template: mail.TransferEnded, CommunityID: home.ID,
		Values: map[string]string{"kind": t.State, "member": t.UserName, "community": home.Name, "link": s.baseURL() + "/c/" + home.ID + "/"},
	})
}
