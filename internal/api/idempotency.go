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

// storedHeaders are stored with a response and repeated by a replay.
var storedHeaders = []string{"Content-Type", "Location"}

// once runs next, unless a request with the same Idempotency-Key has run before:
// then it replays the first response.
func (a *API) once(rt *Route, w http.ResponseWriter, r *http.Request, body []byte, next http.HandlerFunc) {
	key, err := idempotencyKey(r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if key == "" || rt.is(StartsSession) {
		buffered(w, r, next)
		return
	}
	ctx, reservation, before, err := a.Once.Begin(r.Context(), scopeOf(r), key, fingerprint(rt, body), rt.is(KeepKey))
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if before != nil {
		replay(w, before)
		return
	}
	ctx = context.WithValue(ctx, reservationKey{}, reservation)
	response := buffer(r.WithContext(ctx), next)
	// The change is made even if the client has disconnected.
	err = reservation.Finish(context.WithoutCancel(r.Context()), response.status, stored(response.header), response.body.Bytes(), rt.is(Secret))
	if err != nil {
		a.logNotStored(r.Context(), err)
	}
	response.send(w)
}

func (a *API) logNotStored(ctx context.Context, err error) {
	a.Log.ErrorContext(ctx, "cannot store the response of an idempotency key", "request_id", httpx.RequestID(ctx), "error", err)
}

type reservationKey struct{}

// PresetResponse stores a response that is known before the change is made, so
// that both are in one commit: after a crash a retry still gets it.
func PresetResponse(ctx context.Context, body any) {
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
	_ = enc.Encode(v) // responses always encode
	return b.Bytes()
}

// scopeOf returns the scope in which an idempotency key is unique: caller,
// community and address.
func scopeOf(r *http.Request) idempotency.Scope {
	caller := actor.FromContext(r.Context())
	principal := caller.Ref()
	if caller.Kind == actor.Open || caller.Kind == actor.Anonymous {
		principal += ":" + httpx.Network(r) // anonymous callers share no keys
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
			return "", errs.New(errs.Invalid, "bad_idempotency_key", "An Idempotency-Key has only printable ASCII characters.")
		}
	}
	return key, nil
}

func stored(h http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range storedHeaders {
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
	_, _ = w.Write(before.Body) // the client disconnected
}

// buffered sends the response of next once it is complete, so that a client that
// disconnects does not abort the operation.
func buffered(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	buffer(r, next).send(w)
}

func buffer(r *http.Request, next http.HandlerFunc) *bufferedResponse {
	response := &bufferedResponse{header: http.Header{}, status: http.StatusOK}
	next(response, r)
	return response
}

// bufferedResponse is a response in memory.
type bufferedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *bufferedResponse) Header() http.Header         { return b.header }
func (b *bufferedResponse) WriteHeader(status int)      { b.status = status }
func (b *bufferedResponse) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *bufferedResponse) send(w http.ResponseWriter) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes()) // the client disconnected
}
