package app_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/event"
)

var update = flag.Bool("update", false, "write generated documents")

func TestPageOfEventsIsGenerated(t *testing.T) {
	const path = "../../docs/events.md"
	page := event.Reference(app.EventTypes())
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(page, string(got)); d != "" {
		t.Errorf("run go test ./internal/app -run PageOfEvents -update\n%s", d)
	}
}
