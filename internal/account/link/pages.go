package link

// The pages that links in mails lead to, each with ?token=.
const (
	VerifyPage = "/verify-email"
	EmailPage  = "/confirm-email"
	ResetPage  = "/reset-password"
	ForgotPage = "/forgot-password"
	LinkPage   = "/link"
	SignInPage = "/sign-in"
)

// URL returns the address of a page with a token on the server at base.
func URL(base, page, token string) string { return base + page + "?token=" + token }
