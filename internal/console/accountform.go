package console

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// languageChoices are the languages of the pages, each in its own name.
func languageChoices(v *visit) []Choice {
	choices := []Choice{{"", v.T("As the browser asks for")}}
	for _, tag := range i18n.Languages {
		choices = append(choices, Choice{tag.String(), display.Self.Name(tag)})
	}
	return choices
}

func (c *console) showAccount(v *visit) error {
	return c.renderAccount(v, nil, account.Update{})
}

// renderAccount shows the account, or the values of a change that failed.
func (c *console) renderAccount(v *visit, cause error, change account.Update) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	keepRetryAfter(v, cause)
	account, err := c.Accounts.Account(v.Context(), v.actor.AccountID)
	if err != nil {
		return err
	}
	shown := func(typed *string, kept string) string {
		if typed != nil {
			return *typed
		}
		return kept
	}
	view := AccountView{
		Email: account.Email, NewEmail: shown(change.Email, ""), Username: shown(change.Username, account.Username),
		FirstName: shown(change.FirstName, account.FirstName), LastName: shown(change.LastName, account.LastName),
		DisplayName: shown(change.DisplayName, account.DisplayName), Language: shown(change.Language, account.Language),
		Languages: languageChoices(v),
	}
	if view.Methods, err = c.Accounts.Methods(v.Context(), v.actor); err != nil {
		return err
	}
	if view.PendingEmail, err = c.Accounts.PendingEmail(v.Context(), v.actor.AccountID); err != nil {
		return err
	}
	if view.Page, err = c.accountPage(v, accountPath); err != nil {
		return err
	}
	if view.Errors = wrongFields(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return render(v, status, AccountPage(view))
}

// keepRetryAfter sets the Retry-After header of an error that has one.
func keepRetryAfter(v *visit, cause error) {
	if cause == nil {
		return
	}
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.w.Header().Set("Retry-After", after)
	}
}

// formField returns the value of a form's formField that a change takes.
func formField(v *visit, name string) *string {
	value := v.PostFormValue(name)
	return &value
}

// updateAccount changes the account and redirects with a message, or shows the
// page again.
func (c *console) updateAccount(v *visit, change account.Update, done string) error {
	change.Password, change.Address, change.Source = v.PostFormValue("password"), httpx.Network(v.Request), fromConsole.Type
	change.AcceptLanguage = v.Header.Get("Accept-Language")
	if _, err := c.Accounts.UpdateAccount(v.Context(), v.actor, change); err != nil {
		return c.renderAccount(v, err, change)
	}
	if change.Email != nil {
		pending, err := c.Accounts.PendingEmail(v.Context(), v.actor.AccountID)
		if err != nil {
			return err
		}
		if pending == "" { // the current address was entered
			done = i18n.Key("Your email address stays as it is")
		}
	}
	return v.goTo(accountPath, done)
}

func (c *console) changeProfile(v *visit) error {
	return c.updateAccount(v, account.Update{
		Username: formField(v, "username"), FirstName: formField(v, "firstname"), LastName: formField(v, "lastname"), DisplayName: formField(v, "displayname"),
	}, i18n.Key("Saved"))
}

func (c *console) changeEmail(v *visit) error {
	return c.updateAccount(v, account.Update{Email: formField(v, "email")}, i18n.Key("Check your mail: the new address counts when you open the link that we sent there."))
}

func (c *console) cancelEmail(v *visit) error {
	if err := c.Accounts.CancelEmailChange(v.Context(), v.actor); err != nil {
		return err
	}
	return v.goTo(accountPath, i18n.Key("Your email address stays as it is"))
}

func (c *console) changeLanguage(v *visit) error {
	change := account.Update{Language: formField(v, "language")}
	if _, err := c.Accounts.UpdateAccount(v.Context(), v.actor, change); err != nil {
		return c.renderAccount(v, err, change)
	}
	if tag, err := language.Parse(*change.Language); err == nil {
		v.Request = v.WithContext(speaking(v.Context(), i18n.For(i18n.Match(tag.String()))))
	}
	return v.goTo(accountPath, i18n.Key("Saved"))
}

func (c *console) showEmailChange(v *visit) error {
	return c.renderEmailChange(v, v.URL.Query().Get("token"), nil)
}

func (c *console) renderEmailChange(v *visit, token string, cause error) error {
	view := ConfirmEmailView{Token: token}
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	view.EmailChange, err = c.Accounts.PendingChange(v.Context(), token)
	if view.Gone = errs.Is(err, "link_expired"); err != nil && !view.Gone {
		return err
	}
	if view.Page, err = c.page(v, i18n.Key("Confirm your new email address"), "", ""); err != nil {
		return err
	}
	a.Points = nil // the message says it
	view.Alert = a
	return render(v, status, ConfirmEmailPage(view))
}

func (c *console) confirmEmail(v *visit) error {
	token := v.PostFormValue("token")
	acct, err := c.Accounts.ConfirmEmail(v.Context(), token, fromConsole.Type)
	switch {
	case err != nil:
		return c.renderEmailChange(v, token, err)
	case v.actor.AccountID == acct.ID:
		return v.goTo(accountPath, i18n.Key("Your new email address is confirmed"))
	}
	return v.goTo(account.SignInPage, i18n.Key("Your new email address is confirmed"))
}
