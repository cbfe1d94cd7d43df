package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

var limitHeaders = []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}

// heldKey carries the refusal of a name's limit to a sign-in.
type heldKey struct{}

// heldOf returns that refusal, nil for none.
func heldOf(ctx context.Context) error {
	held, _ := ctx.Value(heldKey{}).(error)
	return held
}

// limitSignIns counts an attempt for the address it comes from, then for the
// name in its body, whether there is such an account or not; from a known device
// only for that. The headers show the limit with less remaining. A sign-in over
// the limit of its name goes on with the refusal in the context of the request:
// Auth returns it unless a known network gives the right password.
//
// Operations of a person that is signed in are counted for the known device or
// the account.
func (a *API) limitSignIns(rt *route, w http.ResponseWriter, r *http.Request, body []byte) (*http.Request, error) {
	if actor := actor.FromContext(r.Context()); rt.is(personal) && actor.AccountID != "" {
		known, err := a.Accounts.KnownDeviceOfAccount(r.Context(), actor.AccountID, deviceOf(r))
		if err != nil {
			return r, err
		}
		return r, a.signIns.Allow(w, r, cmp.Or(known, account.PersonLimitKey(actor.AccountID)))
	}
	var named struct{ EmailOrUsername, Email string }
	_ = json.Unmarshal(body, &named) // an invalid body is rejected later
	login := cmp.Or(named.EmailOrUsername, named.Email)
	if cookie := deviceOf(r); cookie != "" && login != "" {
		known, err := a.Accounts.KnownDevice(r.Context(), login, cookie)
		if err != nil {
			return r, err
		}
		if known != "" {
			return r, a.signIns.Allow(w, r, known)
		}
	}
	if err := a.signIns.Allow(w, r, httpx.Network(r)); err != nil {
		return r, err
	}
	if login == "" || a.signInsOf == nil {
		return r, nil
	}
	left, before := remaining(w.Header()), w.Header().Clone()
	if err := a.signInsOf.Allow(w, r, account.LoginLimitKey(rt.name, login)); err != nil {
		if errs.KindOf(err) == errs.Limited && rt.name == "login" {
			return r.WithContext(context.WithValue(r.Context(), heldKey{}, err)), nil
		}
		return r, err
	}
	if left < remaining(w.Header()) {
		for _, name := range limitHeaders {
			w.Header()[http.CanonicalHeaderKey(name)] = before.Values(name)
		}
	}
	return r, nil
}

// deviceOf returns the cookie of a known device, "" for none.
func deviceOf(r *http.Request) string {
	cookie, err := r.Cookie(httpx.DeviceCookie(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

func remaining(h http.Header) int {
	n, err := strconv.Atoi(h.Get("RateLimit-Remaining"))
	if err != nil {
		return 1 << 30 // no limit was taken
	}
	return n
}
