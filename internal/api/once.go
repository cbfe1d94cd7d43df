package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
)

// keptHeaders are repeated with a kept answer.
var keptHeaders = []string{"Content-Type", "Location"}

// onceOnly runs next, except when a request with the same Idempotency-Key did
// it before: then it gives the first answer again.
func (a *API) onceOnly(rt *route, w http.ResponseWriter, r *http.Request, body []byte, next http.HandlerFunc) {
	key, err := idempotencyKey(r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if key == "" || rt.name == "login" { // a sign-in is made anew each time
		held(w, r, next)
		return
	}
	ctx, reservation, before, err := a.Once.Begin(r.Context(), scopeOf(r), key, fingerprint(rt, body), rt.is(forever))
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if before != nil {
		replay(w, before)
		return
	}
	ctx = context.WithValue(ctx, reservationKey{}, reservation)
	answer := hold(r.WithContext(ctx), next)
	// The change is made, whether or not the client still waits.
	err = reservation.Finish(context.WithoutCancel(r.Context()), answer.status, kept(answer.header), answer.body.Bytes(), rt.is(secret))
	if err != nil {
		a.Log.ErrorContext(r.Context(), "cannot keep an answer for its idempotency key", "request_id", httpx.RequestID(r.Context()), "error", err)
	}
	answer.release(w)
}

type reservationKey struct{}

// promise writes down an answer that is known before the change is made, so
// that both are in one commit: after a crash a retry still gets it.
func promise(ctx context.Context, body any) {
	reservation, ok := ctx.Value(reservationKey{}).(*idempotency.Reservation)
	if !ok {
		return
	}
	reservation.SetResponse(http.StatusOK, map[string]string{"Content-Type": "application/json"}, encode(body))
}

// encode writes v exactly as httpx.WriteJSON and huma do.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // answers always encode
	return b.Bytes()
}

// scopeOf is where a key is unique: the same key of another caller, in another
// community or at another address is another key.
func scopeOf(r *http.Request) idempotency.Scope {
	caller := actor.FromContext(r.Context())
	principal := caller.Ref()
	if caller.Kind == actor.Open || caller.Kind == actor.Anonymous {
		principal += ":" + httpx.Network(r) // nobody's keys are not everybody's
	}
	return idempotency.Scope{Principal: principal, CommunityID: caller.CommunityID, Route: r.Method + " " + r.URL.Path}
}

func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		return "", errs.New(errs.Invalid, "bad_idempotency_key", "An Idempotency-Key has at most 255 characters.")
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return "", errs.New(errs.Invalid, "bad_idempotency_key", "An Idempotency-Key is printable ASCII.")
		}
	}
	return key, nil
}

func kept(h http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range keptHeaders {
		if value := h.Get(name); value != "" {
			out[name] = value
		}
	}
	return out
}

func replay(w http.ResponseWriter, before *idempotency.Response) {
	for name, value := range before.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.WriteHeader(before.Status)
	_, _ = w.Write(before.Body) // the client may be gone
}

// held sends the answer of next once it is whole, so that a client that goes
// away in the middle of it is no matter of the operation.
func held(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	hold(r, next).release(w)
}

func hold(r *http.Request, next http.HandlerFunc) *heldAnswer {
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	next(answer, r)
	return answer
}

// heldAnswer keeps an answer back until it is whole.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }

func (h *heldAnswer) release(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes()) // the client may be gone
}
