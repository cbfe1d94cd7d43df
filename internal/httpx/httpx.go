// Package httpx is what every way in over HTTP shares: the request id, the
// access log, the credential, the client's address, limits, the form of an
// error, streams. It knows nothing of communities or of who may do what.
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

// Options are what Wrap needs.
type Options struct {
	Log     *slog.Logger
	Clock   clock.Clock
	Proxies []netip.Prefix           // whose X-Forwarded-For and X-Forwarded-Proto are believed
	Quiet   func(*http.Request) bool // requests without a line in the access log; nil: none
	Observe func(Observed)           // called once per request, for metrics; nil: nobody
	Body    BodyLimits               // on the time of bodies; zero: the defaults
}

// Observed is what happened to one request.
type Observed struct {
	Request  *http.Request
	Status   int
	Bytes    int64
	Duration time.Duration
}

// request is what is known about the request under way; its id is all that
// other packages see of it.
type request struct {
	id     string
	secure bool
	code   string       // of the failure that was answered
	cause  error        // why, when the answer does not say it
	body   *requestBody // nil: none
}

type requestKey struct{}

// RequestID is the id of the request that ctx belongs to, "" outside of one.
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

// Secure reports whether the client speaks HTTPS, to us or to a proxy that is
// believed.
func Secure(r *http.Request) bool {
	q := requestOf(r.Context())
	return r.TLS != nil || q != nil && q.secure
}

// Wrap is the outermost handler: it gives every request its id and the
// client's real address, sets the security headers, turns a panic into a 500
// and writes the access log.
func Wrap(next http.Handler, o Options) http.Handler {
	limits := o.Body.withDefaults()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Clock.Now()
		q := &request{id: requestID(r.Header.Get("X-Request-Id"), started)}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		q.secure = resolveClient(r, o.Proxies)
		q.body = newRequestBody(w, r, limits)
		rec := &recorder{ResponseWriter: w, body: q.body}
		defer rec.finish() // of an answer without header and body
		securityHeaders(rec.Header(), Secure(r))
		rec.Header().Set("X-Request-Id", q.id)
		defer func() {
			seen := Observed{Request: r, Status: rec.code(), Bytes: rec.bytes, Duration: o.Clock.Now().Sub(started)}
			if o.Quiet == nil || !o.Quiet(r) || seen.Status >= 500 {
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

// requestID takes the id a proxy or caller gave, so that its logs and ours
// meet, unless it could forge a line of the log.
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
	// The query stays out: it can hold a token or an address.
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
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like that
		panic(v) //nolint:forbidigo // passes on what net/http understands
	}
	log.ErrorContext(r.Context(), "panic in a handler", "request_id", RequestID(r.Context()), "panic", v, "stack", string(debug.Stack()))
	if rec.status == 0 {
		WriteError(rec, r, errPanic)
		return
	}
	panic(http.ErrAbortHandler) //nolint:forbidigo // half an answer must not look whole
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	body   *requestBody // nil: none
}

// finish ends the body of the request before the answer begins.
func (r *recorder) finish() {
	if r.status == 0 && r.body != nil {
		r.body.finish(r.Header())
	}
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.finish()
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.finish()
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// securityHeaders are the strictest ones; a page that needs more sets its own
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

// DeviceCookie is the name of the cookie of a known device, bound to this host
// and to HTTPS where the browser uses it.
func DeviceCookie(r *http.Request) string {
	if Secure(r) {
		return "__Host-regulars_device"
	}
	return "regulars_device"
}

// NewDeviceCookie returns the cookie of a known device. It survives a sign-out.
func NewDeviceCookie(r *http.Request, value string, lifetime time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: DeviceCookie(r), Value: value, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: Secure(r),
	}
}
