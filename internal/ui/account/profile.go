package account

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// languageChoices are the languages of the pages, each in its own name.
func languageChoices(v *ui.Request) []ui.Choice {
	choices := []ui.Choice{{Value: "", Label: v.T("Language of the browser")}}
	for _, tag := range i18n.Languages {
		choices = append(choices, ui.Choice{Value: tag.String(), Label: display.Self.Name(tag)})
	}
	return choices
}

func (h *handlers) showAccount(v *ui.Request) error {
	return h.renderAccount(v, nil, signin.Update{})
}

// renderAccount shows the account, or the values of a change that failed.
func (h *handlers) renderAccount(v *ui.Request, cause error, change signin.Update) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	ui.SetRetryAfter(v, cause)
	account, err := h.Accounts.Account(v.Context(), v.Actor.AccountID)
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
	if view.Methods, err = h.Accounts.Methods(v.Context(), v.Actor); err != nil {
		return err
	}
	if view.PendingEmail, err = h.Accounts.PendingEmail(v.Context(), v.Actor.AccountID); err != nil {
		return err
	}
	if view.Page, err = h.AccountPage(v, ui.AccountPath); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return ui.Render(v, status, AccountPage(view))
}

// formField returns the value of a field of the form.
func formField(v *ui.Request, name string) *string {
	value := v.PostFormValue(name)
	return &value
}

// updateAccount changes the account and redirects with a message, or shows the
// page again.
func (h *handlers) updateAccount(v *ui.Request, change signin.Update, done string) error {
	change.Password, change.Address, change.Source = v.PostFormValue("password"), httpx.Network(v.Request), ui.Source.Type
	change.AcceptLanguage = v.Header.Get("Accept-Language")
	if _, err := h.Accounts.UpdateAccount(v.Context(), v.Actor, change); err != nil {
		return h.renderAccount(v, err, change)
	}
	if change.Email != nil {
		pending, err := h.Accounts.PendingEmail(v.Context(), v.Actor.AccountID)
		if err != nil {
			return err
		}
		if pending == "" { // the current address was entered
			done = i18n.Key("Your email address is unchanged")
		}
	}
	return v.Redirect(ui.AccountPath, done)
}

func (h *handlers) changeProfile(v *ui.Request) error {
	return h.updateAccount(v, signin.Update{
		Username: formField(v, "username"), FirstName: formField(v, "firstname"), LastName: formField(v, "lastname"), DisplayName: formField(v, "displayname"),
	}, i18n.Key("Saved"))
}

func (h *handlers) changeEmail(v *ui.Request) error {
	return h.updateAccount(v, signin.Update{Email: formField(v, "email")}, i18n.Key("Check your mail: open the link in it to confirm the new address."))
}

func (h *handlers) cancelEmail(v *ui.Request) error {
	if err := h.Accounts.CancelEmailChange(v.Context(), v.Actor); err != nil {
		return err
	}
	return v.Redirect(ui.AccountPath, i18n.Key("Your email address is unchanged"))
}

func (h *handlers) changeLanguage(v *ui.Request) error {
	change := signin.Update{Language: formField(v, "language")}
	if _, err := h.Accounts.UpdateAccount(v.Context(), v.Actor, change); err != nil {
		return h.renderAccount(v, err, change)
	}
	if tag, err := language.Parse(*change.Language); err == nil {
		v.Request = v.WithContext(ui.WithPrinter(v.Context(), i18n.For(i18n.Match(tag.String()))))
	}
	return v.Redirect(ui.AccountPath, i18n.Key("Saved"))
}
