package ui

import "github.com/regulars/regulars/internal/i18n"

// Paths of the pages of an account.
const (
	AccountPath  = "/account"
	SecurityPath = "/account/security"
	SessionsPath = "/account/sessions"
	OwnKeysPath  = "/account/api-keys"
)

// AccountPage is the frame of the pages about the person; path is the tab that
// is open.
func (c *Console) AccountPage(v *Request, path string) (Page, error) {
	p, err := c.Page(v, i18n.Key("Your account"), path, "")
	for _, t := range p.AccountTabs {
		if t.Path == path {
			p.Tab = p.T(t.Label) + " · " + p.Title
		}
	}
	return p, err
}
