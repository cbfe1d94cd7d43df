package app

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
)

// endsWith calls end once everything was read.
type endsWith struct {
	io.Reader
	end func()
}

func (e endsWith) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.EOF {
		e.end()
	}
	return n, err
}

func TestFileOfImportIsDeletedOnlyIfRejected(t *testing.T) {
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Synchronous = t.TempDir(), "OFF"
	services, err := openServices(t.Context(), config, clock.Clock{}, slog.New(slog.DiscardHandler), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = services.Close() }()
	created, err := services.Communities.Create(t.Context(), community.Input{Name: "Testers"}, actor.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file  string
		interrupted bool
		refused     bool
		left        int
	}{
		{"no known column", "Colour\nred\n", false, true, 0},
		{"interrupted before the job exists", "First Name,Last Name,Username,Email\nAnn,Lee,ann,ann@example.com\n", true, false, 0},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		end := func() {}
		if c.interrupted {
			end = cancel
		}
		sh := &shell{ctx: ctx, stdin: endsWith{strings.NewReader(c.file), end}, stdout: io.Discard, stderr: io.Discard}
		_, err := importCommand{File: "-", Community: created.ID, Mode: "upsert"}.queue(sh, services)
		cancel()
		if err == nil || (errs.From(err) != nil) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		left := 0
		if err := services.Files.List(func(string, int64, time.Time) error { left++; return nil }); err != nil || left != c.left {
			t.Errorf("%s: %d files are left, want %d (%v)", c.name, left, c.left, err)
		}
	}
}
