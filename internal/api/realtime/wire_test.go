package realtime

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestNoMessageFollowsACloseFrame(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	received := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(client) // ends with the server's end
		received <- all
	}()
	w := &wire{Conn: server}
	const message, closeFrame = "\x81\x02hi", "\x88\x02\x03\xe8"
	if err := w.send([]byte(message)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(closeFrame)); err != nil {
		t.Fatal(err)
	}
	if err := w.send([]byte(message)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v after a close frame", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if all := <-received; string(all) != message+closeFrame {
		t.Errorf("%q", all)
	}
}
