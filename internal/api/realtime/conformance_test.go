package realtime_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
)

// Opcodes of WebSocket frames.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
	fin            = 0x80
)

// raw is a WebSocket without a library, which can send what a library would not.
type raw struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

// dialRaw opens a connection and reads the frame hello.
func dialRaw(t *testing.T, a *apptest.App, token string) *raw {
	t.Helper()
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(a.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(waitAtMost)); err != nil {
			t.Fatal(err)
		}
		c := &raw{conn, t, bufio.NewReader(conn)}
		fmt.Fprintf(conn, "GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: regulars.v1\r\nAuthorization: Bearer %s\r\n\r\n", token)
		response, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode == http.StatusSwitchingProtocols {
			if op, text := c.frame(); op != opText || !strings.Contains(text, `"op":"hello"`) {
				t.Fatalf("%d %s", op, text)
			}
			return c
		}
		_ = response.Body.Close() // a connection that was closed still counts
		if response.StatusCode != http.StatusTooManyRequests {
			t.Fatal(response.Status)
		}
	}
}

// frame reads a frame of the server. op is -1 at the end of the connection.
func (c *raw) frame() (op int, payload string) {
	c.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(c.r, head); err != nil {
		return -1, err.Error()
	}
	if head[0]&fin == 0 || head[0]&0x70 != 0 || head[1]&0x80 != 0 {
		c.t.Fatalf("the server has sent %x", head)
	}
	size := uint64(head[1])
	for bits, code := range map[int]uint64{2: 126, 8: 127} {
		if uint64(head[1]) == code {
			length := make([]byte, 8)
			if _, err := io.ReadFull(c.r, length[8-bits:]); err != nil {
				return -1, err.Error()
			}
			size = binary.BigEndian.Uint64(length)
		}
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(c.r, text); err != nil {
		return -1, err.Error()
	}
	return int(head[0] & 0x0f), string(text)
}

// wire returns a masked frame with a first byte.
func wire(first byte, payload string) string {
	mask := []byte{0x12, 0x34, 0x56, 0x78}
	b := []byte{first}
	switch {
	case len(payload) < 126:
		b = append(b, 0x80|byte(len(payload)))
	case len(payload) < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload)))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(len(payload)))
	}
	b = append(b, mask...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return string(b)
}

// bytewise returns a text in frames of one byte.
func bytewise(text string) (frames string) {
	for i := range len(text) {
		first := byte(opContinuation)
		if i == 0 {
			first = opText
		}
		if i == len(text)-1 {
			first |= fin
		}
		frames += wire(first, text[i:i+1])
	}
	return frames
}

// closing returns the payload of a close frame.
func closing(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// conformance is a case: frames of a client and what the server answers.
type conformance struct {
	name, frames string
	code         int    // of the close frame; 0: the connection stays open; -1: it ends without one
	pong         string // payloads of the pongs, separated by |; "-": none
}

// proof is a frame whose answer shows that the connection works.
func proof() string { return wire(fin|opText, `{"op":"?","ref":"proof"}`) }

// conformances are cases in the manner of the Autobahn test suite.
func conformances() []conformance {
	text := func(size int) string { return `{"op":"?","ref":"` + strings.Repeat("x", size-19) + `"}` }
	list := []conformance{
		{name: "1.1.1 empty text", frames: wire(fin|opText, "")},
		{name: "1.2.1 binary", frames: wire(fin|opBinary, "{}"), code: 1003},
		{name: "2.1 empty ping", frames: wire(fin|opPing, ""), pong: "-"},
		{name: "2.2 ping", frames: wire(fin|opPing, "Hello"), pong: "Hello"},
		{name: "2.3 binary ping", frames: wire(fin|opPing, "\x00\xff\xfe"), pong: "\x00\xff\xfe"},
		{name: "2.4 longest ping", frames: wire(fin|opPing, strings.Repeat("p", 125)), pong: strings.Repeat("p", 125)},
		{name: "2.5 longer ping", frames: wire(fin|opPing, strings.Repeat("p", 126)), code: 1002},
		{name: "2.7 pong without a ping", frames: wire(fin|opPong, "")},
		{name: "2.9 pong, then ping", frames: wire(fin|opPong, "a") + wire(fin|opPing, "b"), pong: "b"},
		{name: "2.10 ten pings", frames: strings.Repeat(wire(fin|opPing, "p"), 10), pong: strings.Repeat("p|", 9) + "p"},
		{name: "4.1.5 reserved opcode in a message", frames: wire(opText, "{") + wire(fin|5, "}"), code: 1002},
		{name: "5.1 fragmented ping", frames: wire(opPing, "a") + wire(fin|opContinuation, "b"), code: 1002},
		{name: "5.3 two fragments", frames: wire(opText, `{"op":`) + wire(fin|opContinuation, `"?"}`)},
		{name: "5.5 every byte", frames: bytewise(`{"op":"?"}`)},
		{name: "5.6 ping between fragments", frames: wire(opText, `{"op":`) + wire(fin|opPing, "p") + wire(fin|opContinuation, `"?"}`), pong: "p"},
		{name: "5.9 continuation of nothing", frames: wire(fin|opContinuation, "{}"), code: 1002},
		{name: "5.10 fragment of nothing", frames: wire(opContinuation, "{}"), code: 1002},
		{name: "5.18 text in a fragmented text", frames: wire(opText, "{") + wire(fin|opText, "}"), code: 1002},
		{name: "6.1.2 empty fragments", frames: wire(opText, "") + wire(opContinuation, "") + wire(fin|opContinuation, "")},
		{name: "6.2.1 UTF-8", frames: wire(fin|opText, `{"op":"Hello-µ@ßöäüàá-UTF-8!!"}`)},
		{name: "6.2.4 UTF-8 in every byte", frames: bytewise(`{"op":"κόσμε"}`)},
		{name: "6.3.1 surrogate", frames: wire(fin|opText, "\"\xce\xba\xed\xa0\x80edited\""), code: 1007},
		{name: "6.4.1 invalid in the second fragment", frames: wire(opText, `{"op":"`) + wire(fin|opContinuation, "\xf4\x90\x80\x80\"}"), code: 1007},
		{name: "6.6 cut", frames: wire(fin|opText, "\xce"), code: 1007},
		{name: "6.8 overlong", frames: wire(fin|opText, "\xc0\xaf"), code: 1007},
		{name: "7.1.3 close twice", frames: wire(fin|opClose, closing(1000, "")) + wire(fin|opClose, closing(1000, "")), code: 1000},
		{name: "7.1.4 text after close", frames: wire(fin|opClose, closing(1000, "")) + wire(fin|opText, "{}"), code: 1000},
		{name: "7.3.1 close without a code", frames: wire(fin|opClose, ""), code: 1005},
		{name: "7.3.2 close with one byte", frames: wire(fin|opClose, "a"), code: 1002},
		{name: "7.3.5 longest reason", frames: wire(fin|opClose, closing(1000, strings.Repeat("r", 123))), code: 1000},
		{name: "7.3.6 longer reason", frames: wire(fin|opClose, closing(1000, strings.Repeat("r", 124))), code: 1002},
		{name: "7.5.1 reason is not UTF-8", frames: wire(fin|opClose, closing(1000, "\xce\xba\xed\xa0\x80")), code: 1000}, // the library ignores reasons
		{name: "9 largest frame", frames: wire(fin|opText, text(64<<10))},
		{name: "9 too large", frames: wire(fin|opText, text(64<<10+1)), code: 4008},
		{name: "9 too large in fragments", frames: wire(opText, text(40<<10)) + wire(fin|opContinuation, text(40<<10)), code: 4008},
		{name: "9 length with the highest bit", frames: "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", code: -1},
		{name: "no mask", frames: "\x81\x02{}", code: -1},
		{name: "frames in two packets", frames: wire(fin|opText, "{}")[:3] + "" + wire(fin|opText, "{}")[3:]},
	}
	for _, size := range []int{125, 126, 127, 128, 65_535} {
		list = append(list, conformance{name: fmt.Sprintf("1.1 text of %d bytes", size), frames: wire(fin|opText, text(size))})
	}
	for bits := 1; bits < 8; bits++ {
		list = append(list, conformance{name: fmt.Sprintf("3 reserved bits %d", bits), frames: wire(fin|byte(bits<<4)|opText, "{}"), code: 1002})
	}
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		list = append(list, conformance{name: fmt.Sprintf("4 opcode %d", opcode), frames: wire(fin|opcode, ""), code: 1002})
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		list = append(list, conformance{name: fmt.Sprintf("7.7 close with %d", code), frames: wire(fin|opClose, closing(code, "")), code: code})
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535} {
		list = append(list, conformance{name: fmt.Sprintf("7.9 close with %d", code), frames: wire(fin|opClose, closing(code, "")), code: 1002})
	}
	return list
}

func TestFramesFollowTheProtocol(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := openCommunity(t, a)
		for _, test := range conformances() {
			c := dialRaw(t, a, owner)
			frames := test.frames
			if test.code == 0 {
				frames += proof()
			}
			if _, err := io.WriteString(c, frames); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			code, pongs, proved := c.until()
			if want := strings.TrimSuffix(test.pong, "-"); strings.Join(pongs, "|") != want || test.pong == "-" && len(pongs) != 1 {
				t.Errorf("%s: pongs %q, want %q", test.name, pongs, want)
			}
			if code != test.code || proved != (test.code == 0) {
				t.Errorf("%s: closed with %d, want %d; it works: %v", test.name, code, test.code, proved)
			}
			_ = c.Close()
		}
	})
}

// until reads frames until the answer to the proof, or the end of the connection.
func (c *raw) until() (code int, pongs []string, proved bool) {
	for {
		switch op, text := c.frame(); op {
		case opPong:
			pongs = append(pongs, text)
		case opClose:
			if len(text) < 2 {
				return 1005, pongs, false
			}
			return int(binary.BigEndian.Uint16([]byte(text))), pongs, false
		case -1:
			return -1, pongs, false
		case opText:
			if strings.Contains(text, `"ref":"proof"`) {
				return 0, pongs, true
			}
		}
	}
}

// Frames of every kind count.
func TestTooManyFramesCloseTheConnection(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := openCommunity(t, a)
		for name, frame := range map[string]string{"text": wire(fin|opText, `{"op":"ping"}`), "ping": wire(fin|opPing, "")} {
			c := dialRaw(t, a, owner)
			if _, err := io.WriteString(c, strings.Repeat(frame, 30)); err != nil {
				t.Fatal(err)
			}
			if code, _, _ := c.until(); code != 4008 {
				t.Errorf("%s: closed with %d", name, code)
			}
		}
	})
}
