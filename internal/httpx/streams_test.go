package httpx_test

import (
	"errors"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

func TestStreamsAreLimitedPerOwnerAndProcess(t *testing.T) {
	s := httpx.NewStreams(2, 3, time.Minute)
	open := func(owner, want string) func() {
		t.Helper()
		release, err := s.Open(owner)
		if want == "" && err != nil || want != "" && !errs.Is(err, want) {
			t.Fatalf("%s: %v, want %q", owner, err, want)
		}
		if err != nil && errs.From(err).RetryAfter <= 0 {
			t.Errorf("%s: no RetryAfter", want)
		}
		return release
	}
	first := open("ann", "")
	open("ann", "")
	open("ann", "too_many_streams")
	second := open("bob", "")
	open("bob", "streams_busy")
	first()
	open("ann", "")
	open("ann", "too_many_streams")
	second()
	open("cat", "")

	var unbounded *httpx.Streams
	for range 100 {
		if _, err := unbounded.Open("ann"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyALossOfAccessEndsAStream(t *testing.T) {
	for kind, want := range map[errs.Kind]bool{errs.Unauthenticated: true, errs.Forbidden: true, errs.NotFound: true, errs.Gone: true, errs.Unavailable: false, errs.Internal: false} {
		if got := httpx.IsAccessLost(errs.New(kind, "code", "Text.")); got != want {
			t.Errorf("%v: %v", kind, got)
		}
	}
	if httpx.IsAccessLost(nil) || httpx.IsAccessLost(errors.New("database unavailable")) {
		t.Error("a server error counts as loss of access")
	}
}
