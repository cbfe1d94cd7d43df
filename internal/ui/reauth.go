package ui

import (
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/httpx"
)

// Reauth describes how a person authenticates again before a sensitive change.
type Reauth struct {
	Recent   bool // the sign-in is recent enough
	Password bool // by password; else by a new sign-in
}

// ReauthOf returns the re-authentication of a person with these methods.
func ReauthOf(m signin.Methods) Reauth { return Reauth{Recent: m.Recent, Password: m.Password} }

// ReadProof is what a form shows before a way to sign in changes.
func ReadProof(v *Request) account.Proof {
	return account.Proof{Password: v.PostFormValue("password"), Code: v.PostFormValue("proof-code"), Address: httpx.Network(v.Request)}
}
