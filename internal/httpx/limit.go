package httpx

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ratelimit"
)

const retryUnavailable = 2 * time.Second

// Limit is a rate limit per key over a sliding window. A nil Limit allows
// everything. It is safe for concurrent use.
type Limit struct {
	limiter *httprate.RateLimiter
	max     int
	window  time.Duration
	shared  *ratelimit.Counter // nil: counted by this node alone
	name    string             // in shared
}

// NewLimit returns a Limit of requests per window for each key, or nil if limit
// is not positive.
func NewLimit(limit int, window time.Duration) *Limit {
	if limit <= 0 {
		return nil
	}
	headers := httprate.ResponseHeaders{Limit: "RateLimit-Limit", Remaining: "RateLimit-Remaining", Reset: "RateLimit-Reset"}
	return &Limit{limiter: httprate.NewRateLimiter(limit, window, httprate.WithResponseHeaders(headers)), max: limit, window: window}
}

// NewSharedLimit returns a limit that is shared by all nodes and by limits of the
// same name. It also counts in memory, which keeps a flood away from the
// database.
func NewSharedLimit(counts *ratelimit.Counter, name string, limit int, window time.Duration) *Limit {
	l := NewLimit(limit, window)
	if l != nil {
		l.shared, l.name = counts, name
	}
	return l
}

// Allow counts a request and sets the RateLimit headers. Over the limit it counts
// nothing and returns errs.Limited "rate_limited" with RetryAfter. A shared limit
// may also return an error of the database.
func (l *Limit) Allow(w http.ResponseWriter, r *http.Request, key string) error {
	if l == nil {
		return nil
	}
	over := l.limiter.OnLimit(w, r, key)
	reset := l.untilReset(w.Header())
	if !over && l.shared != nil {
		result, err := l.shared.Allow(r.Context(), ratelimit.Limit{Name: l.name, Max: l.max, Window: l.window}, key)
		if err != nil {
			return err
		}
		over, reset = !result.OK, max(result.Reset.Round(time.Second), time.Second)
		w.Header().Set("RateLimit-Remaining", strconv.Itoa(result.Remaining))
	}
	if over { // counted requests leave the window one by one
		reset += l.window / time.Duration(l.max)
		reset = (reset + time.Second - 1).Truncate(time.Second)
	}
	w.Header().Set("RateLimit-Reset", strconv.Itoa(int(reset/time.Second)))
	if !over {
		return nil
	}
	return l.exceeded().WithRetry(reset)
}

func (l *Limit) exceeded() *errs.Error {
	switch l.window {
	case time.Second:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d per second. Wait for the time in Retry-After.", l.max)
	case time.Minute:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d per minute. Wait for the time in Retry-After.", l.max)
	case time.Hour:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d per hour. Wait for the time in Retry-After.", l.max)
	}
	return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d in %s. Wait for the time in Retry-After.", l.max, l.window)
}

// untilReset converts the Unix time that httprate sets in RateLimit-Reset to the
// duration until then.
func (l *Limit) untilReset(h http.Header) time.Duration {
	at, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if err != nil {
		return l.window
	}
	var system clock.Clock
	reset := max(at-system.Now().Unix(), 1)
	return time.Duration(reset) * time.Second
}

// Middleware applies the limit to requests without a credential, per Network.
func (l *Limit) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Credential(r) == "" {
			if err := l.Allow(w, r, Network(r)); err != nil {
				WriteError(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
