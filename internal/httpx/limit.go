package httpx

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/rate"
)

const retryUnavailable = 2 * time.Second

// Limit counts something by a key over a sliding window of time. A nil Limit
// limits nothing. It may be used by many at once.
type Limit struct {
	limiter *httprate.RateLimiter
	most    int
	window  time.Duration
	shared  *rate.Counts // nil: this node counts by itself
	name    string       // in shared
}

// NewLimit allows most in any window for each key; nil when most is not
// positive.
func NewLimit(most int, window time.Duration) *Limit {
	if most <= 0 {
		return nil
	}
	headers := httprate.ResponseHeaders{Limit: "RateLimit-Limit", Remaining: "RateLimit-Remaining", Reset: "RateLimit-Reset"}
	return &Limit{limiter: httprate.NewRateLimiter(most, window, httprate.WithResponseHeaders(headers)), most: most, window: window}
}

// NewSharedLimit is NewLimit that counts for all nodes together, and together
// with limits of the same name. What this node counts by itself too keeps a
// flood away from the database.
func NewSharedLimit(counts *rate.Counts, name string, most int, window time.Duration) *Limit {
	l := NewLimit(most, window)
	if l != nil {
		l.shared, l.name = counts, name
	}
	return l
}

// Take counts one and sets the RateLimit headers. Over the limit it counts
// nothing and returns errs.Limited "rate_limited" with the time to wait. An
// error of the database that a shared limit counts in is returned as it is.
func (l *Limit) Take(w http.ResponseWriter, r *http.Request, key string) error {
	if l == nil {
		return nil
	}
	over := l.limiter.OnLimit(w, r, key)
	left := l.untilReset(w.Header())
	if !over && l.shared != nil {
		taken, err := l.shared.Take(r.Context(), rate.Limit{Name: l.name, Most: l.most, Window: l.window}, key)
		if err != nil {
			return err
		}
		over, left = !taken.OK, max(taken.Reset.Round(time.Second), time.Second)
		w.Header().Set("RateLimit-Remaining", strconv.Itoa(taken.Left))
	}
	if over { // the counted ones slide out of the window one by one
		left += l.window / time.Duration(l.most)
		left = (left + time.Second - 1).Truncate(time.Second)
	}
	w.Header().Set("RateLimit-Reset", strconv.Itoa(int(left/time.Second)))
	if !over {
		return nil
	}
	return l.tooMany().WithRetry(left)
}

func (l *Limit) tooMany() *errs.Error {
	switch l.window {
	case time.Second:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d in a second. Wait as long as Retry-After says.", l.most)
	case time.Minute:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d in a minute. Wait as long as Retry-After says.", l.most)
	case time.Hour:
		return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d in an hour. Wait as long as Retry-After says.", l.most)
	}
	return errs.New(errs.Limited, "rate_limited", "Too many requests: at most %d in %s. Wait as long as Retry-After says.", l.most, l.window)
}

// untilReset turns the moment the library tells into a span of whole seconds,
// which is what the header is to hold.
func (l *Limit) untilReset(h http.Header) time.Duration {
	at, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if err != nil {
		return l.window
	}
	var system clock.Clock
	left := max(at-system.Now().Unix(), 1)
	return time.Duration(left) * time.Second
}

// Middleware limits requests without a credential, each address by itself.
func (l *Limit) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Credential(r) == "" {
			if err := l.Take(w, r, Network(r)); err != nil {
				WriteError(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
