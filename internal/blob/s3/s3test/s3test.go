// Package s3test starts an S3 server for tests.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// program is the server, in bin of the repository or in the path.
const program = "versitygw-v1.8.0"

// The credentials and the bucket of a Server.
const (
	Key    = "testkey"
	Secret = "test secret"
	Bucket = "files"
)

// Server is an S3 server with a bucket on 127.0.0.1. Its files survive Kill.
type Server struct {
	t       testing.TB
	program string
	dir     string
	address string
	process *exec.Cmd
	stdin   io.Closer
}

// supervisorScript kills the server when the test process ends in any way.
const supervisorScript = `
trap '' HUP INT TERM
"$@" >>log 2>&1 </dev/null &
read -r line
kill -KILL $!
wait $!
`

// Start starts a server until the end of the test. Without the program the test is
// left out with started false, or fails with REGULARS_TEST_ALL=1.
func Start(t testing.TB) (_ *Server, started bool) {
	t.Helper()
	path := find()
	if path == "" && os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatalf("no %s: run make bin/%s", program, program)
	}
	if path == "" {
		t.Logf("LEFT OUT: no S3 server; make bin/%s builds one", program)
		return nil, false
	}
	s := &Server{t: t, program: path, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.address = freeAddress(t)
	s.Restart()
	t.Cleanup(s.Kill)
	client, err := minio.New(s.address, &minio.Options{Creds: credentials.NewStaticV4(Key, Secret, "")})
	if err == nil {
		err = client.MakeBucket(t.Context(), Bucket, minio.MakeBucketOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, true
}

// find returns the path of the program; "" without it.
func find() string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for dir, err := os.Getwd(); err == nil; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "bin", program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return ""
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// Address is the host and port of the server.
func (s *Server) Address() string { return s.address }

// URL is the address of its bucket.
func (s *Server) URL() string {
	return fmt.Sprintf("s3://%s/folder?endpoint=http://%s&region=us-east-1", Bucket, s.address)
}

// Restart starts the server after Kill and returns once it answers.
func (s *Server) Restart() {
	s.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", supervisorScript, "supervisor", s.program, "--quiet", "--port", s.address, "posix", filepath.Join(s.dir, "data")) //nolint:noctx // lives until Kill
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+Key, "ROOT_SECRET_KEY="+Secret)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		s.process, s.stdin = cmd, stdin
		err = s.await()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// await returns once the server answers.
func (s *Server) await() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // best effort
			return errors.Join(err, errors.New(strings.TrimSpace(string(log))))
		}
	}
}

// Age makes all files and unfinished uploads look older.
func (s *Server) Age(by time.Duration) {
	s.t.Helper()
	err := filepath.WalkDir(filepath.Join(s.dir, "data"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		at := info.ModTime().Add(-by)
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.stdin.Close()
	_ = s.process.Wait() // killed
	s.process = nil
}
