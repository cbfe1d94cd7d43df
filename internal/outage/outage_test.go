package outage_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/outage"
)

// lines returns the message, the failures and the seconds of each line.
func lines(t *testing.T, log *bytes.Buffer) (list []string) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		line, _, _ = strings.Cut(line, " error=")
		list = append(list, strings.TrimSpace(line))
	}
	log.Reset()
	return list
}

func TestOutageHasFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == "service" {
				return slog.Attr{}
			}
			return a
		}}))
		l := outage.New(log, clock.Clock{}, "database")
		l.Succeeded()
		fail := func(count int, pause time.Duration) {
			for range count {
				l.Failed(t.Context(), errors.New("away"), "task", "count")
				time.Sleep(pause)
			}
		}
		wait := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		fail(300, 500*time.Millisecond) // two and a half minutes
		want := []string{`msg="outage begins" failures=1`, `msg="outage continues" failures=120`, `msg="outage continues" failures=120`}
		if got := lines(t, &out); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}

		for range 5 { // reads succeed while writes fail
			l.Succeeded()
			fail(1, 2*time.Second)
		}
		wait(5 * time.Second)
		l.Succeeded()
		wait(time.Minute)
		l.Succeeded()
		want = []string{`msg="outage ended" failures=64 seconds=165`}
		if got := lines(t, &out); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}

		fail(1, 0)
		l.Succeeded()
		wait(9 * time.Second)
		fail(1, 0) // the outage has not ended
		l.Succeeded()
		wait(11 * time.Second)
		want = []string{`msg="outage begins" failures=1`, `msg="outage ended" failures=1 seconds=9`}
		if got := lines(t, &out); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}
		var none *outage.Log
		none.Failed(t.Context(), errors.New("away"))
		none.Succeeded()
	})
}
