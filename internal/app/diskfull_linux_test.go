package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
)

// smallDisk starts the program in a namespace of its own, where script mounts
// and then runs it as "$2" serve; "$1" is the data folder. Nothing is mounted
// outside of it. It returns nil if the system does not allow namespaces.
func smallDisk(t *testing.T, script string, env ...string) *node {
	t.Helper()
	n := onSmallDisk(t, script, env...)
	if n != nil {
		n.startSmall()
	}
	return n
}

// onSmallDisk is smallDisk without the start.
func onSmallDisk(t *testing.T, script string, env ...string) *node {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "unshare", "-rm", "true").CombinedOutput(); err != nil {
		t.Logf("LEFT OUT: no namespace of its own to mount in: %v %s", err, out)
		return nil
	}
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = t.TempDir(), "127.0.0.1:0"
	n := &node{t: t, config: config, client: &http.Client{Timeout: apptest.Timeout}}
	n.createFixtures()
	address := apptest.FreeAddress(t)
	n.Process = &apptest.Process{URL: "http://" + address}
	n.server = exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", "-rm", "sh", "-ec", script, "sh", config.Data, apptest.Binary(t)) //nolint:gosec // our own program
	n.server.Env = append(os.Environ(), append(env, "REGULARS_DATA="+config.Data, "REGULARS_ADDR="+address, "REGULARS_MIN_FREE_MIB=0", "REGULARS_BULK_PIECE_ROWS=500")...)
	return n
}

// startSmall starts the server and returns when it responds.
func (n *node) startSmall() {
	n.t.Helper()
	log, err := os.Create(filepath.Join(n.t.TempDir(), "log"))
	if err != nil {
		n.t.Fatal(err)
	}
	n.server.Stdout, n.server.Stderr = log, log
	if err := n.server.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = n.server.Process.Kill() // it may be gone
		_ = n.server.Wait()         // tells of the signal
		if n.t.Failed() {
			text, err := os.ReadFile(log.Name())
			n.t.Logf("%s %v", text, err)
		}
		if err := log.Close(); err != nil {
			n.t.Error(err)
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(apptest.Timeout)
	for n.get("/v1/users/bulk-update").status == 0 {
		select {
		case <-tick.C:
		case <-late:
			n.t.Fatal("the server does not answer")
		}
	}
}

func TestUploadToFullDiskIsRejectedAndRemoved(t *testing.T) {
	n := smallDisk(t, `mount -t tmpfs -o size=1m tmpfs "$1/files"; exec "$2" serve`)
	if n == nil {
		return
	}
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

// TestImportWaitsForDiskSpace fills the disk of a SQLite database with
// an import, frees space, and expects every row to be applied once.
func TestImportWaitsForDiskSpace(t *testing.T) {
	n := smallDisk(t, `cp -r "$1" "$1.copy"; mount -t tmpfs -o size=64m tmpfs "$1"; cp -r "$1.copy"/* "$1"; head -c 56000000 /dev/zero >"$1/ballast"; exec "$2" serve`)
	if n == nil {
		return
	}
	const rows = 20_000
	var file strings.Builder
	file.WriteString(importHeader)
	for i := range rows {
		fmt.Fprintf(&file, "First%d,Last%d,user%d,user%d@example.com,gold\n", i, i, i, i)
	}
	jobID := n.upload([]byte(file.String()), "one").jobID
	n.watch(jobID, func(s bulk.Status) bool {
		if s.Finished() {
			t.Fatalf("there was room enough, or the job gave up: %+v", s)
		}
		return s.Waiting != nil && s.Waiting.Reason == jobs.WaitDisk
	})
	others := n.awaitRefusal()
	n.commandSaysDiskIsFull()
	for _, path := range []string{"/v1/communities/" + n.community + "/users?search=a", "/v1/users/bulk-update", "/v1/servers/" + n.community + "/audit-log"} {
		if got := n.get(path); got.status != http.StatusOK {
			t.Errorf("%s on a full disk: %d %s", path, got.status, got.Code)
		}
	}
	ballast := fmt.Sprintf("/proc/%d/root%s/ballast", n.server.Process.Pid, n.config.Data)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	done := n.await(jobID)
	if done.Counts.Created != rows || done.Counts.Failed != 0 {
		t.Errorf("%+v", done)
	}
	if members := n.get("/v1/communities/" + n.community + "/users?limit=1"); members.Meta.Total != rows+others {
		t.Errorf("%d members", members.Meta.Total)
	}
}

// awaitRefusal creates members until the full disk refuses one, and returns their
// number: the last free pages may still take some.
func (n *node) awaitRefusal() (created int) {
	n.t.Helper()
	for i := range 10_000 {
		switch got := n.createMember(i); {
		case got.status == http.StatusServiceUnavailable && got.code == "disk_full":
			return i
		case got.status != http.StatusOK:
			n.t.Fatalf("%+v", got)
		}
	}
	n.t.Fatal("no member is refused while the disk is full")
	return 0
}

// Without a free byte SQLite cannot create the files next to the database.
func TestStartupOnFullDiskReportsIt(t *testing.T) {
	n := onSmallDisk(t, `cp -r "$1" "$1.copy"; mount -t tmpfs -o size=64m tmpfs "$1"; cp -r "$1.copy"/* "$1"; head -c 99000000 /dev/zero >"$1/ballast" 2>&- || exec timeout 100 "$2" serve`)
	if n == nil {
		return
	}
	out, err := n.server.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "The disk of the database is full. Free some space") {
		t.Errorf("%v: %s", err, out)
	}
}

// commandSaysDiskIsFull checks the output of commands on a full disk. The last
// free pages may still accept some.
func (n *node) commandSaysDiskIsFull() {
	n.t.Helper()
	for range 100 {
		cmd := exec.CommandContext(n.t.Context(), "nsenter", "-t", fmt.Sprint(n.server.Process.Pid), "-U", "-m", "--preserve-credentials", //nolint:gosec // our own program
			apptest.Binary(n.t), "community", "create", "--data", n.config.Data, "--name", "Another")
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		if !strings.Contains(string(out), "The disk of the database is full. Free some space") {
			n.t.Errorf("a command on a full disk: %v: %s", err, out)
		}
		return
	}
	n.t.Error("every command finds space on a full disk")
}

// createMember creates a member that is in no file.
func (n *node) createMember(i int) uploaded {
	body := fmt.Sprintf(`{"firstname":"Direct","lastname":"Member","username":"direct%d","email":"direct%d@example.com"}`, i, i)
	return n.sendTo(n.t.Context(), "/v1/users", formBody{strings.NewReader(body), int64(len(body)), "application/json"}, "")
}

// TestDryRunWaitsForDiskSpaceForTemporaryFiles fills the disk of the files with a
// dry run with more repeated members than fit in memory.
func TestDryRunWaitsForDiskSpaceForTemporaryFiles(t *testing.T) {
	n := smallDisk(t, `mount -t tmpfs -o size=8m tmpfs "$1/files"; head -c 5900000 /dev/zero >"$1/files/ballast"; exec "$2" serve`, "REGULARS_DRY_RUN_MIB=1")
	if n == nil {
		return
	}
	const people = 10_000
	var file strings.Builder
	file.WriteString(importHeader)
	for i := range 2 * people {
		fmt.Fprintf(&file, "First%d,Last,user%d,user%d@example.com,gold\n", i, i%people, i%people)
	}
	body, kind := apptest.Form(t, "members.csv", []byte(file.String()), map[string]string{"dryRun": "true", "communityId": n.community})
	sent := n.send(t.Context(), formBody{strings.NewReader(string(body)), int64(len(body)), kind}, "one")
	if sent.status != http.StatusOK {
		t.Fatalf("%+v", sent)
	}
	n.watch(sent.jobID, func(s bulk.Status) bool { return s.Counts.Read > 0 })
	n.watch(sent.jobID, func(s bulk.Status) bool {
		return s.Waiting != nil && s.Waiting.Reason == jobs.WaitDisk
	})
	files := fmt.Sprintf("/proc/%d/root%s/files/", n.server.Process.Pid, n.config.Data)
	if err := os.Remove(files + "ballast"); err != nil {
		t.Fatal(err)
	}
	done := n.await(sent.jobID)
	if done.Counts.Created != people || done.Counts.Updated != people {
		t.Errorf("%+v", done)
	}
	if left, err := filepath.Glob(files + "*/*"); err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
}
