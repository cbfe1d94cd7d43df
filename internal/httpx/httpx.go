// Package httpx has the parts shared by all HTTP entry points: request ids, the
// access log, credentials, client addresses, limits, error responses and event
// streams. Authorization and communities are left to its callers.
package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// Options are the options of Wrap.
type Options struct {
	Log     *slog.Logger
	Clock   clock.Clock
	Proxies []netip.Prefix           // trusted for X-Forwarded-For and X-Forwarded-Proto
	SkipLog func(*http.Request) bool // reports whether to leave a request below status 500 out of the access log; may be nil
	Observe func(Observed)           // called once per request, for metrics; may be nil
	Body    BodyLimits
}

// Observed describes one finished request.
type Observed struct {
	Request  *http.Request
	Status   int
	Bytes    int64
	Duration time.Duration
}

// request is the state of one request in its context.
type request struct {
	id     string
	secure bool
	code   string       // of the failure, "" on success
	cause  error        // internal error, not part of the response
	body   *requestBody // nil: none
}

type requestKey struct{}

// RequestID returns the id of the request of ctx, "" if ctx has none.
func RequestID(ctx context.Context) string {
	if q := requestOf(ctx); q != nil {
		return q.id
	}
	return ""
}

func requestOf(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// Secure reports whether the client uses HTTPS, directly or up to a trusted proxy.
func Secure(r *http.Request) bool {
	q := requestOf(r.Context())
	return r.TLS != nil || q != nil && q.secure
}

// Wrap returns the outermost handler. It sets the request id, resolves the
// client's address, sets the security headers, converts a panic to a 500 and
// writes the access log.
func Wrap(next http.Handler, o Options) http.Handler {
	limits := o.Body.withDefaults()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Clock.Now()
		q := &request{id: requestID(r.Header.Get("X-Request-Id"), started)}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		q.secure = resolveClient(r, o.Proxies)
		q.body = newRequestBody(w, r, limits)
		rec := &recorder{ResponseWriter: w, body: q.body}
		defer rec.drainBody() // if the handler writes nothing
		securityHeaders(rec.Header(), Secure(r))
		rec.Header().Set("X-Request-Id", q.id)
		defer func() {
			seen := Observed{Request: r, Status: rec.statusCode(), Bytes: rec.bytes, Duration: o.Clock.Now().Sub(started)}
			if o.SkipLog == nil || !o.SkipLog(r) || seen.Status >= 500 {
				logAccess(o.Log, q, seen)
			}
			if o.Observe != nil {
				o.Observe(seen)
			}
		}()
		defer recoverPanic(rec, r, o.Log)
		next.ServeHTTP(rec, r)
	})
}

// requestID returns the id given by the client or proxy, so that logs can be
// correlated, or a new one if the given id could forge a line of the log.
func requestID(given string, now time.Time) string {
	if given == "" || len(given) > 64 {
		return id.New(now)
	}
	for i := range len(given) {
		c := given[i]
		plain := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !plain && c != '-' && c != '_' && c != '.' && c != ':' {
			return id.New(now)
		}
	}
	return given
}

func logAccess(log *slog.Logger, q *request, seen Observed) {
	r := seen.Request
	level := slog.LevelInfo
	// The query is not logged: it may contain a token or an email address.
	attrs := []slog.Attr{
		slog.String("request_id", q.id),
		slog.String("method", r.Method),
		slog.String("path", r.URL.Path),
		slog.Int("status", seen.Status),
		slog.Int64("bytes", seen.Bytes),
		slog.Int64("duration_ms", seen.Duration.Milliseconds()),
	}
	if q.code != "" {
		attrs = append(attrs, slog.String("code", q.code))
	}
	if q.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", q.cause.Error()))
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}

func recoverPanic(rec *recorder, r *http.Request, log *slog.Logger) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // compared as in net/http
		panic(v) //nolint:forbidigo // handled by net/http
	}
	log.ErrorContext(r.Context(), "handler panicked", "request_id", RequestID(r.Context()), "panic", v, "stack", string(debug.Stack()))
	if rec.status == 0 {
		WriteError(rec, r, errPanic)
		return
	}
	panic(http.ErrAbortHandler) //nolint:forbidigo // aborts a partial response
}

// recorder records status and size of a response.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	body   *requestBody // nil: none
}

// drainBody drains the request body before the response starts.
func (r *recorder) drainBody() {
	if r.status == 0 && r.body != nil {
		r.body.drain(r.Header())
	}
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status == http.StatusSwitchingProtocols {
		r.status = status // the last one; the body of the request is the connection now
	}
	if r.status == 0 && status >= 200 {
		r.drainBody()
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.drainBody()
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap supports http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) statusCode() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// securityHeaders sets the strictest headers. Pages replace the
// Content-Security-Policy.
func securityHeaders(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Origin returns the origin of the server as the client addresses it.
func Origin(r *http.Request) string {
	if Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// SessionCookie returns the name of the session cookie, which over HTTPS has the
// __Host- prefix. Plain HTTP does not support it.
func SessionCookie(r *http.Request) string {
	if Secure(r) {
		return "__Host-regulars"
	}
	return "regulars"
}

// SessionOf returns the session token in the cookie of a request, "" without one.
func SessionOf(r *http.Request) string {
	cookie, err := r.Cookie(SessionCookie(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SessionOfOrigin is SessionOf for a request that a page of this server sent. Other
// pages cannot use the session of their visitors.
func SessionOfOrigin(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == Origin(r) || origin == "" && r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return SessionOf(r)
	}
	return ""
}

// DeviceCookie returns the name of the known-device cookie, which over HTTPS has
// the __Host- prefix.
func DeviceCookie(r *http.Request) string {
	if Secure(r) {
		return "__Host-regulars_device"
	}
	return "regulars_device"
}

// NewDeviceCookie returns the known-device cookie. Signing out does not delete it.
func NewDeviceCookie(r *http.Request, value string, lifetime time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: DeviceCookie(r), Value: value, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: Secure(r),
	}
}
