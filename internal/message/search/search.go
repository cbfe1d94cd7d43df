// Package search indexes the words of messages, for SQLite and PostgreSQL alike: the
// index of both contains the folded words of package words, which the engines neither
// change nor separate. The owner of the messages selects those that a reader sees.
package search

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/regulars/regulars/internal/id"
)

// Text is the text of a message.
type Text struct {
	MessageID string
	ChannelID string
	Text      string // Markdown
}

// Marks of the ids among the words. They are in no word.
const (
	communityMark = "\ue001"
	channelMark   = "\ue002"
)

// Filter selects messages by their words.
type Filter struct {
	Query     string // as words.ParseQuery
	ChannelID string // "": all visible channels, no conversations
	User      string // reference of the author; "": all
	From      int64  // Unix milliseconds; 0: all
	To        int64  // Unix milliseconds, exclusive; 0: all
	Has       string // HasImage, HasLink; "": all
	Cursor    string // of the page before; "": the first
	Limit     int
}

// Values of Filter.Has.
const (
	HasImage = "image"
	HasLink  = "link"
)

// Digest identifies what the filter selects, for cursors.
func (f *Filter) Digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", f.Query, f.ChannelID, f.User, f.Has, f.From, f.To))
	return hex.EncodeToString(sum[:8])
}

// Range returns the part of a community that the filter selects, before the message after
// if that is not "".
func (f *Filter) Range(communityID, after string) Range {
	r := Range{CommunityID: communityID, ChannelID: f.ChannelID, Before: after}
	if f.From > 0 {
		r.From = id.First(f.From)
	}
	if f.To > 0 && after == "" {
		r.Before = id.First(f.To)
	}
	return r
}
