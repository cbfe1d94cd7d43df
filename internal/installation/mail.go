package installation

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
)

// SendTestMail sends a test mail to the address of the actor's account, in the
// language of the account, else in the given one. See mail.Mail.SendTest.
func (i *Installation) SendTestMail(ctx context.Context, caller actor.Actor, language string) (mail.TestResult, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return mail.TestResult{}, err
	}
	if caller.AccountID == "" {
		return mail.TestResult{}, actor.SessionRequired()
	}
	own, err := i.accounts.Account(ctx, caller.AccountID)
	if err != nil {
		return mail.TestResult{}, err
	}
	if own.Language != "" {
		language = own.Language
	}
	if i.baseURL() == "" {
		return mail.TestResult{}, errs.New(errs.Unavailable, "mail_unavailable", "The address of this server is unknown.")
	}
	return i.mail.SendTest(ctx, mail.Message{
		To: own.Email, ToName: own.Username, Language: language, Confirmed: true, Values: map[string]string{"link": i.baseURL() + "/"},
	})
}
