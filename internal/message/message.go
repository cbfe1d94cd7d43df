// Package message stores and shows what members and systems write in channels and
// conversations. The packages below it in the tree post, change, list and react.
package message

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/sqldb"
)

// Kind is the kind of a message, by its name on the wire.
type Kind string

// Kinds of messages.
const (
	Posted   Kind = "message"
	Reply    Kind = "reply"
	Analysis Kind = "analysis"
	System   Kind = "system" // written by the server
)

// Message is a stored message.
type Message struct {
	ID        string // in the order of time
	ChannelID string // of a channel or a conversation
	Kind      Kind
	AuthorID  string // of the member; "": erased, an automation, or the system
	Text      string // Markdown; "" when it was removed after deletion
	Mentions  []Mention
	ParentID  string // root of a reply; else ""
	ReplyToID string // message that a reply answers; "" if it is the root
	TopicID   string // of a forum; else ""
	Via       Via
	Hushed    bool  // in a whisper channel: only whisperers, managers of messages and the author see it
	HasImage  bool  // it has an attachment
	HasLink   bool  // the text has one
	Replies   int64 // that are not deleted
	PinnedAt  int64 // Unix milliseconds; 0: not pinned
	EditedAt  int64 // Unix milliseconds; 0: never
	DeletedAt int64 // Unix milliseconds; 0: not deleted
	PostedAt  int64 // Unix milliseconds
}

// Visible reports whether lists show the message: a deleted one only because of its
// replies.
func (m *Message) Visible() bool { return m.DeletedAt == 0 || m.Replies > 0 }

// Via is what sent a message for its author. The zero Via is the person.
type Via struct {
	Type string `json:"type" enum:"key,hook,automation"`
	Name string `json:"name" doc:"Its name at that time."`
}

// ViaAutomation is the Via.Type of messages whose author is an automation: they have no
// AuthorID.
const ViaAutomation = "automation"

// Limits of a message.
const (
	MaxText     = 10_000 // characters
	MaxMentions = 50
	MaxImages   = 10
	MaxLinks    = 20
	MaxNonce    = 64  // characters
	MaxPins     = 100 // of a channel

	// MaxReactionKinds is the number of kinds of emoji on one message.
	MaxReactionKinds = 20
)

// InAnyChannel is what a key needs to change messages of others. Channels decide what a
// person may.
const InAnyChannel = permission.ViewChannels

// Deps are the parts that Messages uses.
type Deps struct {
	DB      *sqldb.DB
	Clock   clock.Clock
	Access  *access.Access
	Images  *image.Images
	BaseURL func() string
}

// Hook is what a higher layer does with a message, in the transaction of its change.
type Hook func(ctx context.Context, tx *sqldb.Tx, communityID string, about *Message) error

// Messages finds and shows the messages of all communities. It is safe for concurrent
// use.
type Messages struct{ Deps }

// New returns the Messages of a database.
func New(d Deps) *Messages { return &Messages{d} }
