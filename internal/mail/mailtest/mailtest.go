// Package mailtest starts a mail server for tests.
package mailtest

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
)

// Server is a minimal SMTP server. Its fields are set before the first connection.
type Server struct {
	Reply    func(attempt int) string // reply to MAIL FROM; "" accepts it
	Login    string                   // required argument of AUTH PLAIN; "": none
	Accepted func(m Message)          // is called before the reply to a message; may be nil

	listener net.Listener
	received chan Message
	mu       sync.Mutex
	attempts int
}

// Message is a received message.
type Message struct {
	From string
	To   []string
	Data string
}

// Start starts a server until the end of the test.
func Start(t testing.TB) *Server {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{listener: listener, Reply: func(int) string { return "" }, received: make(chan Message, 100)}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			hangUp := context.AfterFunc(t.Context(), func() { _ = conn.Close() })
			served.Go(func() { s.serve(conn); hangUp() })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		served.Wait()
	})
	return s
}

// Address is the host and port of the server.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Attempts is the number of commands MAIL FROM so far.
func (s *Server) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// serve handles one connection.
func (s *Server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	reply := func(answer string) { fmt.Fprint(conn, answer+"\r\n") }
	reply("220 postbox")
	var got Message
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch verb = strings.ToUpper(verb); verb {
		case "MAIL":
			got = Message{From: rest}
			reply(s.admit())
		case "RCPT":
			got.To = append(got.To, rest)
			reply("250 2.1.5 ok")
		case "DATA":
			reply("354 go on")
			if got.Data, err = readData(lines); err != nil {
				return
			}
			s.received <- got
			if s.Accepted != nil {
				s.Accepted(got)
			}
			reply("250 2.0.0 accepted")
		case "QUIT":
			reply("221 2.0.0 bye")
			return
		default:
			reply(s.answer(verb, rest))
		}
	}
}

// admit is the reply to MAIL FROM.
func (s *Server) admit() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	if answer := s.Reply(s.attempts); answer != "" {
		return answer
	}
	return "250 2.1.0 ok"
}

// answer is the reply to a command outside a message.
func (s *Server) answer(verb, rest string) string {
	switch {
	case verb == "EHLO" && s.Login != "":
		return "250-postbox\r\n250-AUTH PLAIN\r\n250 8BITMIME"
	case verb == "EHLO":
		return "250-postbox\r\n250 8BITMIME"
	case verb == "AUTH" && rest != "PLAIN "+s.Login:
		return "535 5.7.8 wrong"
	case verb == "AUTH":
		return "235 2.7.0 welcome"
	}
	return "250 ok"
}

func readData(lines *bufio.Reader) (string, error) {
	var data strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return data.String(), err
		}
		data.WriteString(strings.TrimPrefix(line, "."))
	}
}

// Receive returns the next message and fails the test without one.
func (s *Server) Receive(t testing.TB) Message {
	t.Helper()
	select {
	case got := <-s.received:
		return got
	case <-time.After(30 * time.Second):
		t.Fatal("no mail was delivered")
		return Message{}
	}
}

// Parts returns the header and the bodies by content type.
func (m Message) Parts(t testing.TB) (netmail.Header, map[string]string) {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(m.Data))
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
