package regulars_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	regulars "github.com/regulars/regulars/sdk/go"
)

// TestAPersonSignsUpAndImportsTenMembers does what a developer does on the
// first day, with a real server.
func TestAPersonSignsUpAndImportsTenMembers(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	nobody := client(t, s, "")
	const password = "a long walk in spring!"
	_, err := nobody.RegisterWithResponse(ctx, nil, regulars.RegisterJSONRequestBody{
		Email: "ada@example.com", Username: "ada", Password: password, Firstname: "Ada", Lastname: "Lovelace",
	})
	must(t, err)
	_, err = nobody.VerifyEmailWithResponse(ctx, nil, regulars.VerifyEmailJSONRequestBody{Token: s.token(t)})
	must(t, err)
	session, err := nobody.LoginWithResponse(ctx, regulars.LoginJSONRequestBody{EmailOrUsername: "ada", Password: password})
	must(t, err)
	ada := client(t, s, session.JSON200.Data.Token)

	made, err := ada.CreateServerWithResponse(ctx, nil, regulars.CreateServerJSONRequestBody{Name: "Walkers"})
	must(t, err)
	community := made.JSON201.Data.ID
	jobID, err := regulars.ImportUsers(ctx, ada, strings.NewReader(ten()), regulars.ImportOptions{CommunityID: community})
	must(t, err)
	job, err := regulars.WaitForJob(ctx, ada, community, jobID)
	must(t, err)
	if job.Counts.Created != 10 {
		t.Errorf("the import made %+v", job.Counts)
	}
	list, err := ada.ListUsersWithResponse(ctx, community, nil)
	must(t, err)
	if got := list.JSON200.Meta.Total; got != 11 { // and the owner
		t.Errorf("%d members", got)
	}
	_, err = nobody.ListUsersWithResponse(ctx, community, nil)
	var refused *regulars.APIError
	if !errors.As(err, &refused) || refused.Code != "authentication_required" || refused.StatusCode != 401 || refused.RequestID == "" {
		t.Errorf("without a credential: %v", err)
	}
}

func ten() string {
	var file strings.Builder
	file.WriteString("First Name,Last Name,Username,Email\n")
	for i := range 10 {
		fmt.Fprintf(&file, "Walker,No %d,walker%d,walker%d@example.com\n", i, i, i)
	}
	return file.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, s *server, token string) *regulars.ClientWithResponses {
	t.Helper()
	c, err := regulars.New(s.url, token)
	must(t, err)
	return c
}

// server is the program of this repository on an empty folder.
type server struct{ url, binary, data string }

var serving = regexp.MustCompile(`msg=serving address=(\S+)`)

func start(t *testing.T) *server {
	t.Helper()
	s := &server{binary: filepath.Join(t.TempDir(), "regulars"), data: t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.binary, "./cmd/regulars")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	run := exec.CommandContext(context.WithoutCancel(t.Context()), s.binary, "serve", "--data", s.data, "--addr", "127.0.0.1:0")
	log, err := run.StderrPipe()
	must(t, err)
	must(t, run.Start())
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGTERM) // it may have ended
		<-ended
		if err := run.Wait(); err != nil {
			t.Error(err)
		}
	})
	address := make(chan string, 1)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if found := serving.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
			}
		}
	}()
	select {
	case found := <-address:
		s.url = "http://" + found
	case <-ended:
		t.Fatal("the server ended at once")
	}
	return s
}

// token is the one in the link of the last mail: without SMTP, mails stay in
// the development mailbox, which the command line reads.
func (s *server) token(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), s.binary, "mail", "--json", "--data", s.data).Output()
	must(t, err)
	link := regexp.MustCompile(`token=([0-9a-f]{64})`).FindSubmatch(lastLine(out))
	if link == nil {
		t.Fatalf("no link in %s", out)
	}
	return string(link[1])
}

func lastLine(out []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	last := lines[len(lines)-1]
	if !json.Valid(last) {
		return out
	}
	return last
}
