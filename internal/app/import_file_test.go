package app

import (
	"context"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk/job"
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
		_, err := importCommand{File: "-", Community: created.ID}.queue(sh, services)
		cancel()
		if err == nil || (errs.From(err) != nil) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		left := 0
		if err := services.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil }); err != nil || left != c.left {
			t.Errorf("%s: %d files are left, want %d (%v)", c.name, left, c.left, err)
		}
	}
}

func TestCommandLineHasAFlagForEveryImportOption(t *testing.T) {
	flags := reflect.TypeFor[importFlags]()
	options := map[string]bool{}
	for _, option := range job.OptionList {
		name := strings.ToUpper(option.Name[:1]) + option.Name[1:]
		options[name] = true
		if _, found := flags.FieldByName(name); found == (option.Name == "notify") { // the command waits for the end
			t.Errorf("option %s: flag is %v", option.Name, found)
		}
	}
	for f := range flags.Fields() {
		if !options[f.Name] {
			t.Errorf("the flag %s is of no option", f.Name)
		}
	}
}

func TestPairsOfAFlagAreParsedToTheSameObject(t *testing.T) {
	want := job.Options{Mode: job.Upsert, Mapping: map[string]*string{"Mail": new("email"), "Notes": nil, "a=b": new("phone"), "{": nil, "": new("x=y")}}
	form := want.Form()
	var flags importFlags
	for i, arg := range form[0].Arguments() {
		if i%2 == 1 {
			flags.Mapping = append(flags.Mapping, arg)
		} else if arg != "--mapping" {
			t.Errorf("argument %q", arg)
		}
	}
	got, err := flags.options()
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	for _, wrong := range []string{"Mail", "{Mail", `{"Mail": 1}`} {
		if _, err := (importFlags{Mapping: []string{wrong}}).options(); err == nil || !strings.Contains(err.Error(), "--mapping: ") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
