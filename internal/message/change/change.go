// Package change edits, deletes and pins messages, and keeps their earlier texts.
package change

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/post"
)

// Deps are the parts that Changes uses.
type Deps struct {
	Messages *message.Messages
	Posts    *post.Posts
	Deleted  []message.Hook // part of deleting a message; not with its topic
	Cleared  []Clearer      // of what refers to a deleted channel, besides its messages
}

// Changes change the messages of all communities. It is safe for concurrent use.
type Changes struct {
	m       *message.Messages
	posts   *post.Posts
	deleted []message.Hook

	clearers []Clearer
}

// New returns the Changes of a database.
func New(d Deps) *Changes { return &Changes{d.Messages, d.Posts, d.Deleted, d.Cleared} }

// Actions in the audit log.
const (
	verbDelete       audit.Verb = "message.delete"
	verbDeleteRecent audit.Verb = "message.delete_recent"
	verbPin          audit.Verb = "message.pin"
	verbUnpin        audit.Verb = "message.unpin"
)

// change is a transaction that changes a message.
type change struct {
	*message.Change
	s *Changes
}
