package httpx

import (
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

const (
	retryStream = 5 * time.Second
	checkStream = time.Minute
)

// Streams bounds how many event streams are open, and says how often the right
// to each is checked again. A nil Streams has no bound and checks every minute.
// It may be used by many at once.
type Streams struct {
	perOwner, total int
	check           time.Duration

	mutex  sync.Mutex
	open   int
	owners map[string]int
}

// NewStreams allows perOwner streams to each account or key and total in this
// process; 0 is no bound. The right to a stream is checked
// every check, by default every minute.
func NewStreams(perOwner, total int, check time.Duration) *Streams {
	if check <= 0 {
		check = checkStream
	}
	return &Streams{perOwner: perOwner, total: total, check: check, owners: map[string]int{}}
}

// Open counts a stream until release is called. It fails with Limited
// "too_many_streams" for an owner with too many, and with Unavailable
// "streams_busy" where the process has too many.
func (s *Streams) Open(owner string) (release func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.perOwner > 0 && s.owners[owner] >= s.perOwner:
		return nil, errs.New(errs.Limited, "too_many_streams", "This account or API key already has %d streams open. Close one of them first.", s.perOwner).WithRetry(retryStream)
	case s.total > 0 && s.open >= s.total:
		return nil, errs.New(errs.Unavailable, "streams_busy", "Too many streams are open on this server. Try again later, or request the status instead.").WithRetry(retryStream)
	}
	s.open++
	s.owners[owner]++
	return func() { s.release(owner) }, nil
}

func (s *Streams) release(owner string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.open--
	if s.owners[owner]--; s.owners[owner] == 0 {
		delete(s.owners, owner)
	}
}

// Checks returns a ticker for the checks of one stream. The caller stops it.
func (s *Streams) Checks() *time.Ticker {
	if s == nil {
		return time.NewTicker(checkStream)
	}
	return time.NewTicker(s.check)
}

// EndsStream reports whether an error of a check means that the right to a
// stream has ended. Other errors are the server's and do not end it.
func EndsStream(err error) bool {
	switch errs.KindOf(err) {
	case errs.Unauthenticated, errs.Forbidden, errs.NotFound, errs.Gone:
		return true
	default:
		return false
	}
}

// Dropped is the data of the event that ends a stream for lack of a right.
type Dropped struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Drop sends the event "dropped" with the reason.
func (s *Stream) Drop(reason error) {
	d := Dropped{Code: "internal_error"}
	if e := errs.From(reason); e != nil {
		d = Dropped{Code: e.Code, Message: e.Message}
	}
	_ = s.Send("dropped", d) // the client may be gone
}
