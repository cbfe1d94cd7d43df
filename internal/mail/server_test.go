package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// smtpServer is a minimal SMTP server.
type smtpServer struct {
	listener  net.Listener
	reply     func(attempt int) string // reply to MAIL FROM; "" accepts it
	login     string                   // required argument of AUTH PLAIN; "": none
	delivered chan delivery
	mu        sync.Mutex
	attempts  int
}

// delivery is a received message.
type delivery struct {
	from string
	to   []string
	data string
}

func startSMTPServer(t *testing.T) *smtpServer {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &smtpServer{listener: listener, reply: func(int) string { return "" }, delivered: make(chan delivery, 100)}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			hangUp := context.AfterFunc(t.Context(), func() { _ = conn.Close() })
			served.Go(func() { p.serve(conn); hangUp() })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		served.Wait()
	})
	return p
}

func (p *smtpServer) address() string { return p.listener.Addr().String() }

// serve handles one connection.
func (p *smtpServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	reply := func(answer string) { fmt.Fprint(conn, answer+"\r\n") }
	reply("220 postbox")
	var got delivery
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			if p.login != "" {
				reply("250-postbox\r\n250-AUTH PLAIN\r\n250 8BITMIME")
			} else {
				reply("250-postbox\r\n250 8BITMIME")
			}
		case "AUTH":
			if rest != "PLAIN "+p.login {
				reply("535 5.7.8 wrong")
			} else {
				reply("235 2.7.0 welcome")
			}
		case "MAIL":
			p.mu.Lock()
			p.attempts++
			answer := p.reply(p.attempts)
			p.mu.Unlock()
			if got = (delivery{from: rest}); answer == "" {
				answer = "250 2.1.0 ok"
			}
			reply(answer)
		case "RCPT":
			got.to = append(got.to, rest)
			reply("250 2.1.5 ok")
		case "DATA":
			reply("354 go on")
			var data strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			got.data = data.String()
			p.delivered <- got
			reply("250 2.0.0 taken")
		case "QUIT":
			reply("221 2.0.0 bye")
			return
		default:
			reply("250 ok")
		}
	}
}

func (p *smtpServer) receive(t *testing.T) delivery {
	t.Helper()
	select {
	case got := <-p.delivered:
		return got
	case <-time.After(30 * time.Second):
		t.Fatal("no mail was delivered")
		return delivery{}
	}
}

// parts returns the bodies by content type.
func (l delivery) parts(t *testing.T) (netmail.Header, map[string]string) {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(l.data))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for reader := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return message.Header, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		bodies[kind] = string(text)
	}
}

func TestMessageIsTextAndHTMLInTheLanguageOfTheRecipient(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := startSMTPServer(t)
		p.login = "AGNsdWIAc2VjcmV0" // \x00club\x00secret
		m := startMail(t, db, clock.Clock{}, "smtp://club:secret@"+p.address()+"?tls=off")
		msg := mail.Message{
			To: "juergen@example.com", ToName: `Jürgen "J" Müller`, Language: "de-AT", Template: mail.Invited, CommunityID: "c",
			Values: map[string]string{"community": "Tom & <b>Jerry</b>", "link": "https://club.example.com/i/abc?x=1&y=2", "inviter": "Eve"},
		}
		if err := send(t, db, m, msg); err != nil {
			t.Fatal(err)
		}
		got := p.receive(t)
		awaitStates(t, db, "juergen@example.com sent")
		if got.from != "FROM:<club@example.com> BODY=8BITMIME" || fmt.Sprint(got.to) != "[TO:<juergen@example.com>]" {
			t.Errorf("from %q to %q", got.from, got.to)
		}
		header, bodies := got.parts(t)
		if subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject")); err != nil || !strings.Contains(subject, "Tom & <b>Jerry</b>") {
			t.Errorf("subject %q, %v", subject, err)
		}
		if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Name != "" {
			t.Errorf("to %v, %v", to, err)
		}
		if !strings.HasSuffix(header.Get("Message-Id"), "@example.com>") || header.Get("Content-Language") != "de" || header.Get("Bcc") != "" {
			t.Errorf("header %v", header)
		}
		if text := bodies["text/plain"]; !strings.Contains(text, "https://club.example.com/i/abc?x=1&y=2") || !strings.Contains(text, "Tom & <b>Jerry</b>") {
			t.Errorf("text %q", text)
		}
		if html := bodies["text/html"]; !strings.Contains(html, `href="https://club.example.com/i/abc?x=1&amp;y=2"`) || strings.Contains(html, "<b>Jerry") || !strings.Contains(html, `<html lang="de">`) {
			t.Errorf("html %q", html)
		}
		if list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10); err != nil || len(list) != 0 {
			t.Errorf("still to be sent: %+v, %v", list, err)
		}
	})
}

func TestTemporaryErrorsAreRetriedAndPermanentOnesAreNot(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := startSMTPServer(t)
		start := clock.Clock{}.Now()
		c := clock.At(func() time.Time { // a second is over in ten milliseconds
			now := clock.Clock{}.Now()
			return now.Add(99 * now.Sub(start))
		})
		rejected := make(chan int, 16)
		p.reply = func(attempt int) string {
			rejected <- attempt
			if attempt < 3 {
				return "451 4.3.0 later"
			}
			if attempt == 4 {
				return "550 5.7.1 never"
			}
			return ""
		}
		m := startMail(t, db, c, "smtp://"+p.address())
		if err := send(t, db, m, verifyMessage("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		p.receive(t)
		awaitStates(t, db, "ada@example.com sent")
		if err := send(t, db, m, verifyMessage("bob@example.com")); err != nil {
			t.Fatal(err)
		}
		awaitStates(t, db, "ada@example.com sent", "bob@example.com failed")
		if len(rejected) != 4 {
			t.Errorf("%d attempts, want 3 and 1", len(rejected))
		}
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 1 || !strings.Contains(list[0].Error, "never") {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestExpiredMessagesAreNotSentAndOldOnesAreErased(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var mu sync.Mutex
		at := noon
		c := clock.At(func() time.Time { mu.Lock(); defer mu.Unlock(); return at })
		move := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); at = at.Add(d) }
		writer, err := mail.New(mail.Deps{DB: db, Clock: c, Log: quiet, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		early := verifyMessage("early@example.com")
		early.ExpiresAt = noon.Add(time.Hour).UnixMilli()
		if err := send(t, db, writer, early); err != nil {
			t.Fatal(err)
		}
		if err := send(t, db, writer, verifyMessage("held@example.com")); err != nil {
			t.Fatal(err)
		}
		move(time.Hour)
		m := startMail(t, db, c, "")
		awaitStates(t, db, "early@example.com expired", "held@example.com kept")
		bodies := func(want ...bool) {
			t.Helper()
			list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
			if err != nil || len(list) != len(want) {
				t.Fatalf("%+v, %v", list, err)
			}
			for i, k := range list {
				if (k.Text != "" || k.HTML != "") != want[i] {
					t.Errorf("%s: text %q", k.To, k.Text)
				}
			}
		}
		for _, step := range []struct {
			after time.Duration
			want  []bool
		}{{time.Minute, []bool{true, false}}, {8 * 24 * time.Hour, []bool{false, false}}, {90 * 24 * time.Hour, nil}} {
			move(step.after)
			if err := m.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			bodies(step.want...)
		}
	})
}
