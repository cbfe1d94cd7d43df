package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

var limitHeaders = []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}

// limitErrorKey is the context key of the error of a name's limit.
type limitErrorKey struct{}

// limitError returns that error, or nil.
func limitError(ctx context.Context) error {
	err, _ := ctx.Value(limitErrorKey{}).(error)
	return err
}

// limitSignIns counts an attempt for its network address, then for the name in its
// body, even if no account has the name; for a known device it counts only for the
// device. The headers show the limit with less remaining. A sign-in over the limit
// of its name proceeds with the error in the context: account returns it, except
// for the correct password from a known network.
//
// Operations of a signed-in person count for the known device or the account.
func (a *API) limitSignIns(rt *Route, w http.ResponseWriter, r *http.Request, body []byte) (*http.Request, error) {
	if actor := actor.FromContext(r.Context()); rt.is(PerUser) && actor.AccountID != "" {
		known, err := a.Accounts.Clients.KnownDeviceOfAccount(r.Context(), actor.AccountID, deviceOf(r))
		if err != nil {
			return r, err
		}
		return r, a.signIns.Allow(w, r, cmp.Or(known, throttle.PersonLimitKey(actor.AccountID)))
	}
	var named struct{ EmailOrUsername, Email string }
	_ = json.Unmarshal(body, &named) // an invalid body is rejected later
	login := cmp.Or(named.EmailOrUsername, named.Email)
	if cookie := deviceOf(r); cookie != "" && login != "" {
		known, err := a.Accounts.Clients.KnownDevice(r.Context(), login, cookie)
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
	if err := a.signInsOf.Allow(w, r, throttle.LoginLimitKey(rt.ID, login)); err != nil {
		if errs.KindOf(err) == errs.Limited && rt.is(StartsSession) {
			return r.WithContext(context.WithValue(r.Context(), limitErrorKey{}, err)), nil
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
		return 1 << 30 // no limit applies
	}
	return n
}

// Client is the part of an input that describes the client.
type Client struct {
	request *http.Request
}

// Resolve reads it from the request.
func (c *Client) Resolve(ctx huma.Context) []error {
	c.request, _ = humachi.Unwrap(ctx)
	return nil
}

// SessionInfo describes the client to a session that it starts.
func (c *Client) SessionInfo() account.SessionInfo {
	r := c.request
	return account.SessionInfo{UserAgent: r.UserAgent(), Address: httpx.Network(r), Device: deviceOf(r), LimitError: limitError(r.Context())}
}

// AcceptLanguage returns the languages that the client prefers.
func (c *Client) AcceptLanguage() string { return c.request.Header.Get("Accept-Language") }

// DeviceCookie returns a cookie that makes the client a known device.
func (c *Client) DeviceCookie(value string) *http.Cookie {
	return httpx.NewDeviceCookie(c.request, value, throttle.KnownClientLifetime)
}
