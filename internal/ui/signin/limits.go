package signin

import (
	"cmp"

	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
)

// limitSignIn counts a sign-in, or another form of the same cost, before it is
// processed: for the address of the client, and for the name in the form.
func (h *handlers) limitSignIn(v *ui.Request) error {
	held, err := h.countSignIn(v)
	if err != nil {
		return err
	}
	return held
}

// countSignIn is limitSignIn with the limit of the name apart: on the sign-in
// page a right password is accepted beyond it.
func (h *handlers) countSignIn(v *ui.Request) (held, err error) {
	known, err := h.knownDevice(v)
	if err != nil {
		return nil, err
	}
	if known != "" {
		err = h.byAddress.Allow(v.W, v.Request, known)
	} else {
		err = h.byAddress.Allow(v.W, v.Request, httpx.Network(v.Request))
		if login := cmp.Or(v.PostFormValue("login"), v.PostFormValue("email")); err == nil && login != "" {
			err = h.byName.Allow(v.W, v.Request, throttle.LoginLimitKey(operations[v.URL.Path], login))
			if limited := errs.From(err); limited != nil && limited.Kind == errs.Limited {
				return tooManySignIns(limited), nil
			}
		}
	}
	return nil, tooMany(err)
}

// tooMany returns the error of a limit of sign-ins, others unchanged.
func tooMany(err error) error {
	if limited := errs.From(err); limited != nil {
		return tooManySignIns(limited)
	}
	return err
}

// limitStart counts the start of a sign-in that names no account: for a known
// device, else for the address. Over the limit of the address the start is held,
// because the account may know the network.
func (h *handlers) limitStart(v *ui.Request) (held bool, err error) {
	device, err := h.Accounts.Clients.KnownDeviceOfAny(v.Context(), ui.Device(v.Request))
	if err != nil {
		return false, err
	}
	err = h.byAddress.Allow(v.W, v.Request, cmp.Or(device, throttle.StartLimitKey(httpx.Network(v.Request))))
	limited := errs.From(err)
	switch {
	case limited == nil:
		return false, err
	case device == "" && limited.Kind == errs.Limited:
		return true, nil
	}
	return false, tooManySignIns(limited)
}

// limitReturn counts the return from the provider after a held start, which costs
// a request to the provider.
func (h *handlers) limitReturn(v *ui.Request, token string) error {
	if !flow.IsHeld(token) {
		return nil
	}
	return tooMany(h.byAddress.Allow(v.W, v.Request, "return "+httpx.Network(v.Request)))
}

// knownDevice is the known device of a sign-in, "" for none. Other forms do not
// prove the owner of the device.
func (h *handlers) knownDevice(v *ui.Request) (string, error) {
	switch v.URL.Path {
	case link.SignInPage:
		return h.Accounts.Clients.KnownDevice(v.Context(), v.PostFormValue("login"), ui.Device(v.Request))
	case codePage:
		return h.Accounts.KnownDeviceOfChallenge(v.Context(), ui.CodeStep.Value(v.Request), ui.Device(v.Request))
	}
	return "", nil
}

func tooManySignIns(limited *errs.Error) error {
	return errs.New(errs.Limited, "too_many_sign_ins", "Too many attempts to sign in from your network. Wait a minute, then try again.").WithRetry(limited.RetryAfter)
}

// operations are the API operations of forms, so that attempts of both count
// together.
var operations = map[string]string{link.SignInPage: "login", "/register": "register", link.ForgotPage: "forgotPassword"}
