package live

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestFramesAreWebSocketMessagesOfEachSize(t *testing.T) {
	for _, size := range []int{2, 125, 126, 127, 65_535, 65_536, 1 << 20} {
		f := &Frame{JSON: []byte(strings.Repeat("x", size))}
		read, err := ws.ReadFrame(bytes.NewReader(f.WebSocket()))
		if err != nil {
			t.Fatal(err)
		}
		if h := read.Header; !h.Fin || h.OpCode != ws.OpText || h.Masked || h.Rsv != 0 || !bytes.Equal(read.Payload, f.JSON) {
			t.Errorf("%d bytes: %+v and %d bytes", size, h, len(read.Payload))
		}
		if err := ws.CheckHeader(read.Header, ws.StateClientSide); err != nil {
			t.Error(size, err)
		}
		if first, second := f.WebSocket(), f.WebSocket(); &first[0] != &second[0] {
			t.Error("each client has bytes of its own")
		}
	}
}
