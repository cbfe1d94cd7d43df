package httpx

import (
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

const (
	streamRetry          = 5 * time.Second
	defaultCheckInterval = time.Minute
)

// Streams bounds the open event streams and sets the interval at which access to
// them is checked again. A nil Streams has no bound and an interval of a minute.
// It is safe for concurrent use.
type Streams struct {
	perOwner, total int
	checkInterval   time.Duration

	mu     sync.Mutex
	open   int
	owners map[string]int
}

// NewStreams allows perOwner streams for each account or key and total in this
// process; 0 means no bound. The default checkInterval is a minute.
func NewStreams(perOwner, total int, checkInterval time.Duration) *Streams {
	if checkInterval <= 0 {
		checkInterval = defaultCheckInterval
	}
	return &Streams{perOwner: perOwner, total: total, checkInterval: checkInterval, owners: map[string]int{}}
}

// Open counts a stream until release is called. It fails with Limited
// "too_many_streams" over the bound of the owner, and with Unavailable
// "streams_busy" over the bound of the process.
func (s *Streams) Open(owner string) (release func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.perOwner > 0 && s.owners[owner] >= s.perOwner:
		return nil, errs.New(errs.Limited, "too_many_streams", "This account or API key already has %d streams open. Close one of them first.", s.perOwner).WithRetry(streamRetry)
	case s.total > 0 && s.open >= s.total:
		return nil, errs.New(errs.Unavailable, "streams_busy", "Too many streams are open on this server. Try again later, or request the status instead.").WithRetry(streamRetry)
	}
	s.open++
	s.owners[owner]++
	return func() { s.release(owner) }, nil
}

func (s *Streams) release(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.owners[owner]--; s.owners[owner] == 0 {
		delete(s.owners, owner)
	}
}

// CheckTicker returns a ticker for the access checks of one stream. The caller
// stops it.
func (s *Streams) CheckTicker() *time.Ticker {
	if s == nil {
		return time.NewTicker(defaultCheckInterval)
	}
	return time.NewTicker(s.checkInterval)
}

// IsAccessLost reports whether the error of an access check ends a stream. Other
// errors are the server's.
func IsAccessLost(err error) bool {
	switch errs.KindOf(err) {
	case errs.Unauthenticated, errs.Forbidden, errs.NotFound, errs.Gone:
		return true
	default:
		return false
	}
}
