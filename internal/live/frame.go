package live

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"sync"
	"time"
)

const (
	retryStopping    = 5 * time.Second
	retryConnections = 30 * time.Second
	heartbeat        = 25_000 // milliseconds in which a client hears from the server
)

// Op is the kind of a frame.
type Op string

// Kinds of frames from the server.
const (
	OpHello      Op = "hello"
	OpEvent      Op = "event"
	OpMark       Op = "mark"
	OpNow        Op = "now"
	OpSubscribed Op = "subscribed"
	OpResumed    Op = "resumed"
	OpGap        Op = "gap"
	OpDropped    Op = "dropped"
	OpError      Op = "error"
)

// Frame is a frame to clients. Many clients share one, so nobody may change it.
type Frame struct {
	Op       Op
	Sequence int64           // of OpHello, OpEvent, OpMark, OpSubscribed, and the last of OpResumed
	Type     string          // of OpEvent and OpNow
	Data     json.RawMessage // of OpEvent and OpNow, without line breaks
	JSON     []byte          // the whole frame

	once      sync.Once
	webSocket []byte
}

// WebSocket returns the frame as a text message of the WebSocket protocol, in one piece
// and not masked. All clients share it.
func (f *Frame) WebSocket() []byte {
	f.once.Do(func() {
		const final, text, short, long = 0x80, 0x1, 126, 127
		b := make([]byte, 0, len(f.JSON)+10)
		switch size := len(f.JSON); {
		case size < short:
			b = append(b, final|text, byte(size))
		case size <= math.MaxUint16:
			b = binary.BigEndian.AppendUint16(append(b, final|text, short), uint16(size))
		default:
			b = binary.BigEndian.AppendUint64(append(b, final|text, long), uint64(size))
		}
		b = append(b, f.JSON...)
		f.webSocket = b
	})
	return f.webSocket
}

// eventFrame returns the frame of an event; channelID may be "".
func eventFrame(sequence int64, eventType, channelID string, data json.RawMessage) *Frame {
	b := make([]byte, 0, len(data)+len(eventType)+len(channelID)+80)
	b = append(b, `{"op":"event","sequence":`...)
	b = strconv.AppendInt(b, sequence, 10)
	b = append(b, `,"type":`...)
	b = appendText(b, eventType)
	if channelID != "" {
		b = append(b, `,"channelId":`...)
		b = appendText(b, channelID)
	}
	b = append(b, `,"data":`...)
	b = append(b, data...)
	return &Frame{Op: OpEvent, Sequence: sequence, Type: eventType, Data: data, JSON: append(b, '}')}
}

func appendText(b []byte, text string) []byte {
	encoded, _ := json.Marshal(text) // a string is encoded without error
	return append(b, encoded...)
}

func markFrame(sequence int64) *Frame {
	return &Frame{Op: OpMark, Sequence: sequence, JSON: []byte(`{"op":"mark","sequence":` + strconv.FormatInt(sequence, 10) + `}`)}
}

// answer are the fields of the other frames.
type answer struct {
	Op           Op              `json:"op"`
	ConnectionID string          `json:"connectionId,omitempty"`
	CommunityID  string          `json:"communityId,omitempty"`
	Type         string          `json:"type,omitempty"`
	Channels     []string        `json:"channels,omitempty"`
	ChannelID    string          `json:"channelId,omitempty"`
	Reason       string          `json:"reason,omitempty"`
	Code         string          `json:"code,omitempty"`
	Message      string          `json:"message,omitempty"`
	Sequence     *int64          `json:"sequence,omitempty"`
	From         *int64          `json:"from,omitempty"`
	To           *int64          `json:"to,omitempty"`
	Oldest       *int64          `json:"oldest,omitempty"`
	Heartbeat    int             `json:"heartbeat,omitempty"`
	Ref          string          `json:"ref,omitempty"`
	Data         json.RawMessage `json:"data,omitempty"`
}

func (a answer) frame() *Frame {
	encoded, _ := json.Marshal(a) // the fields are encoded without error
	f := &Frame{Op: a.Op, Type: a.Type, Data: a.Data, JSON: encoded}
	switch {
	case a.Sequence != nil:
		f.Sequence = *a.Sequence
	case a.To != nil:
		f.Sequence = *a.To
	}
	return f
}

// NewError returns the frame that rejects the frame with ref.
func NewError(code, message, ref string) *Frame {
	return answer{Op: OpError, Code: code, Message: message, Ref: ref}.frame()
}

// request is a frame from a client.
type request struct {
	Op        string   `json:"op"`
	After     *int64   `json:"after"`
	Channels  []string `json:"channels"`
	ChannelID string   `json:"channelId"`
	MessageID string   `json:"messageId"`
	Ref       string   `json:"ref"`
}

// channelOf returns the channel that an event belongs to, "" for none.
func channelOf(data json.RawMessage) string {
	var in struct {
		ChannelID string `json:"channelId"`
		Channel   struct {
			ID string `json:"_id"`
		} `json:"channel"`
		Topic struct {
			ChannelID string `json:"channelId"`
		} `json:"topic"`
		Analysis struct {
			ChannelID string `json:"channelId"`
		} `json:"analysis"`
		Message struct {
			Channel struct {
				ID string `json:"channel_id"`
			} `json:"channel"`
		} `json:"message"`
	}
	if json.Unmarshal(data, &in) != nil {
		return ""
	}
	for _, channelID := range []string{in.ChannelID, in.Message.Channel.ID, in.Topic.ChannelID, in.Analysis.ChannelID, in.Channel.ID} {
		if channelID != "" {
			return channelID
		}
	}
	return ""
}
