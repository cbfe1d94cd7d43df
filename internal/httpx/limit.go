package httpx

import (
	"math"
	"net/http"
	"strconv"
	"sync"
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
	clock  clock.Clock
	max    int
	window time.Duration
	shared *ratelimit.Counter // nil: counted by this node alone
	name   string             // in shared

	mu     sync.Mutex
	start  time.Time // windows begin at multiples of window after it, so that limits do not reset all at once
	counts httprate.LimitCounter
}

// NewLimit returns a Limit of requests per window for each key, or nil if limit
// is not positive.
func NewLimit(c clock.Clock, limit int, window time.Duration) *Limit {
	if limit <= 0 {
		return nil
	}
	return &Limit{clock: c, max: limit, window: window, start: c.Now(), counts: httprate.NewLocalLimitCounter(window)}
}

// NewSharedLimit returns a limit that is shared by all nodes and by limits of the
// same name. It also counts in memory, which keeps a flood away from the
// database.
func NewSharedLimit(c clock.Clock, counts *ratelimit.Counter, name string, limit int, window time.Duration) *Limit {
	l := NewLimit(c, limit, window)
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
	over, remaining, reset, err := l.count(key)
	if err == nil && !over && l.shared != nil {
		var result ratelimit.Result
		result, err = l.shared.Allow(r.Context(), ratelimit.Limit{Name: l.name, Max: l.max, Window: l.window}, key)
		over, remaining, reset = !result.OK, result.Remaining, max(result.Reset.Round(time.Second), time.Second)
	}
	if err != nil {
		return err
	}
	if over { // counted requests leave the window one by one
		reset += l.window / time.Duration(l.max)
		reset = (reset + time.Second - 1).Truncate(time.Second)
	}
	w.Header().Set("RateLimit-Limit", strconv.Itoa(l.max))
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(remaining))
	w.Header().Set("RateLimit-Reset", strconv.Itoa(int(reset/time.Second)))
	if !over {
		return nil
	}
	return l.exceeded().WithRetry(reset)
}

// count counts a request in memory unless it is over the limit. reset is the time
// until the end of the current window in whole seconds, at least one.
func (l *Limit) count(key string) (over bool, remaining int, reset time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	elapsed := now.Sub(l.start)
	if elapsed < 0 { // the clock was set back
		l.start, elapsed = now, 0
	}
	elapsed %= l.window
	window := now.Add(-elapsed)
	current, previous, err := l.counts.Get(key, window, window.Add(-l.window))
	if err != nil {
		return false, 0, 0, err
	}
	left := l.window - elapsed
	reset = max((left + time.Second - 1).Truncate(time.Second), time.Second)
	used := current + int(math.Round(float64(previous)*float64(left)/float64(l.window)))
	if used >= l.max {
		return true, max(l.max-used, 0), reset, nil
	}
	return false, l.max - used - 1, reset, l.counts.IncrementBy(key, window, 1)
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
