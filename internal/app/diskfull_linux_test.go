package app_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
)

// TestAFullDiskRefusesAnUploadAndForgetsIt runs the program with a disk of one
// mebibyte for its files, in a namespace of its own: nothing is mounted that
// others see. It is left out where the system allows no namespaces.
func TestAFullDiskRefusesAnUploadAndForgetsIt(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "unshare", "-rm", "true").CombinedOutput(); err != nil {
		t.Logf("LEFT OUT: no namespace of its own to mount in: %v %s", err, out)
		return
	}
	config, err := app.DefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = t.TempDir(), "127.0.0.1:0"
	n := &node{t: t, config: config, client: &http.Client{Timeout: 30 * time.Second}}
	n.furnish()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	n.Process = &apptest.Process{URL: "http://" + address}
	n.serveOnASmallDisk(address)

	row := strings.Repeat("x", 2000) + "\n"
	full := n.send(t.Context(), n.form([]byte(importHeader+strings.Repeat(row, 1500))), "large")
	if full.status != http.StatusServiceUnavailable || full.code != "disk_full" {
		t.Errorf("3 MB on a disk of 1 MiB: %+v", full)
	}
	if half := n.send(t.Context(), n.form([]byte(importHeader+strings.Repeat(row, 350)+importRow)), "small"); half.status != http.StatusOK {
		t.Errorf("the refused file has left no room for a small one: %+v", half)
	} else if done := n.await(half.jobID); done.Counts.Created != 1 {
		t.Errorf("%+v", done)
	}
	if jobs := n.get("/v1/users/bulk-update"); jobs.Meta.Total != 1 {
		t.Errorf("%d jobs, want only the small one", jobs.Meta.Total)
	}
}

// serveOnASmallDisk starts the program and returns once it answers.
func (n *node) serveOnASmallDisk(address string) {
	n.t.Helper()
	files := n.config.Data + "/files"
	script := `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" serve`
	server := exec.CommandContext(context.WithoutCancel(n.t.Context()), "unshare", "-rm", "sh", "-c", script, "sh", files, apptest.Binary(n.t)) //nolint:gosec // our own program
	server.Env = append(os.Environ(), "REGULARS_DATA="+n.config.Data, "REGULARS_ADDR="+address, "REGULARS_MIN_FREE_MIB=0")
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = server.Process.Kill() // it may be gone
		_ = server.Wait()         // tells of the signal
		if n.t.Failed() {
			n.t.Log(log.String())
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+"/healthz", http.NoBody)
		if err != nil {
			n.t.Fatal(err)
		}
		if answer, err := n.client.Do(r); err == nil {
			_ = answer.Body.Close() // it answers, that is all
			return
		}
		select {
		case <-tick.C:
		case <-late:
			n.t.Fatal("the server does not answer")
		}
	}
}
