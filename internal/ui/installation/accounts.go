package installation

import (
	"fmt"
	"net/http"

	"github.com/regulars/regulars/internal/ui"
)

const accountsPerPage = 25

func (h *handlers) showAccounts(v *ui.Request) error {
	q := listQuery(v, accountsPerPage)
	list, next, err := h.Installation.Accounts(v.Context(), v.Actor, q)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Accounts", accountsPath, "All people with an account on this server, the newest first.")
	if err != nil {
		return err
	}
	view := AccountsView{Page: p, Search: q.Search, Self: v.Actor.AccountID, Accounts: list, Older: older(accountsPath, q.Search, next)}
	if view.Actions, err = h.recentActions(v, p, "account."); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, AccountsPage(view))
}

func (h *handlers) signOut(v *ui.Request) error {
	found, err := h.Installation.SignOut(v.Context(), v.Actor, v.PathValue("account"))
	if err != nil {
		return err
	}
	return v.Redirect(accountsPath, v.T("%s was signed out everywhere", found.Username))
}

// methodsOf are the words for the sign-in methods of an account.
func methodsOf(p ui.Page, password, totp bool, passkeys, providers int64) (words []string) {
	if password {
		words = append(words, p.T("Password"))
	}
	if totp {
		words = append(words, p.T("Two-factor"))
	}
	if passkeys > 0 {
		words = append(words, p.Reader.Count(passkeys, "passkey", "passkeys"))
	}
	if providers > 0 {
		words = append(words, p.T("Provider"))
	}
	return words
}

func dialogID(accountID string) string { return fmt.Sprintf("sign-out-%s", accountID) }
