package realtime_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/sqldb"
)

// relay forwards connections to a server, until they are cut.
type relay struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	open     map[net.Conn]bool
	down     bool
}

func startRelay(t *testing.T, target string) *relay {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, target: target, open: map[net.Conn]bool{}}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.forward(in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.set(true)
		work.Wait()
	})
	return r
}

func (r *relay) forward(in net.Conn) {
	out, err := net.Dial("tcp", r.target)
	if err != nil {
		_ = in.Close()
		return
	}
	r.mu.Lock()
	r.open[in], r.open[out] = true, true
	down := r.down
	r.mu.Unlock()
	if !down {
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
		both.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
		both.Wait()
	}
	_ = in.Close()
	_ = out.Close()
}

// set cuts all connections and refuses new ones, or accepts them again.
func (r *relay) set(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
	for c := range r.open {
		if down {
			_ = c.Close()
		}
	}
	if down {
		clear(r.open)
	}
}

// The examples of the documentation post, receive, and resume after a cut.
func TestExamplesReceiveEachMessageOnce(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "examples", "chat")
	built := filepath.Join(t.TempDir(), "chat")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", built, "./"+filepath.ToSlash(folder)).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	for name, command := range map[string][]string{"Go": {built}, "JavaScript": {"node", "--experimental-websocket", filepath.Join(folder, "chat.mjs")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(command[0]); err != nil {
				if os.Getenv("REGULARS_TEST_ALL") == "1" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			a := apptest.New(t, sqldb.SQLite)
			home := a.Community(t)
			_, token := a.Owner(t, home, "ada")
			channel, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, home, chat.Input{Topic: "general"})
			if err != nil {
				t.Fatal(err)
			}
			say := func(text string) {
				t.Helper()
				if _, err := a.Posts.Send(t.Context(), apptest.Operator, home, channel.ID, post.Input{Text: text, Sender: "ada"}); err != nil {
					t.Fatal(err)
				}
			}
			between := startRelay(t, strings.TrimPrefix(a.URL(), "http://"))
			lines := follow(t, command, "URL=http://"+between.listener.Addr().String(), "TOKEN="+token, "CHANNEL="+channel.ID)
			want := func(text string) {
				t.Helper()
				select {
				case got := <-lines:
					if got != "ada: "+text {
						t.Fatalf("%q, want %q", got, text)
					}
				case <-time.After(apptest.Timeout):
					t.Fatalf("%q did not arrive", text)
				}
			}
			want("Hello")
			say("one")
			want("one")
			between.set(true)
			say("two")
			say("three")
			between.set(false)
			want("two")
			want("three")
			say("four")
			want("four")
		})
	}
}

// follow starts a program and returns the lines that it prints.
func follow(t *testing.T, command []string, environment ...string) <-chan string {
	t.Helper()
	run := exec.CommandContext(t.Context(), command[0], append(command[1:], "Hello")...)
	run.Env, run.Stderr = append(os.Environ(), environment...), t.Output()
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	lines := make(chan string, 100)
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	return lines
}

// The documentation shows the examples as they are.
func TestDocumentationHasTheExamples(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "realtime.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, language := range map[string]string{"chat.mjs": "js", "main.go": "go"} {
		text, err := os.ReadFile(filepath.Join(root, "examples", "chat", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```"+language+"\n"+string(text)+"```\n") {
			t.Errorf("docs/realtime.md does not have examples/chat/%s as it is", name)
		}
	}
}
