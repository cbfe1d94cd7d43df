package post

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/markdown"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Input is a message to send.
type Input struct {
	Text        string
	Sender      string   // reference of the member that the message is from; "": the person
	TopicID     string   // of a forum; else ""
	Attachments []string // ids of images
	Allowed     *Allowed // nil: all mentions notify
	Nonce       string   // "": none
	Opening     *Opening // a topic that is created with the message; nil: none

	contents markdown.Contents // of Text
}

// Allowed are the members and roles that a message may notify.
type Allowed struct {
	Users    []string `json:"users,omitempty" doc:"References of members."`
	Roles    []string `json:"roles,omitempty" doc:"The _id of roles."`
	Everyone bool     `json:"everyone,omitempty" doc:"@all notifies too."`
}

// normalise converts the input to its stored form. It fails with every invalid
// field.
func (in *Input) normalise() error {
	var wrong []errs.Field
	check := func(ok bool, field, code, format string, args ...any) {
		if !ok {
			wrong = append(wrong, errs.Wrong(field, code, format, args...))
		}
	}
	if in.Opening != nil {
		wrong = append(wrong, in.Opening.Wrong...)
	}
	in.Text = normaliseText(in.Text)
	check(in.Text != "" || len(in.Attachments) > 0, "message", "required", "Write a text, or attach an image.")
	check(utf8.RuneCountInString(in.Text) <= message.MaxText, "message", "too_long", "A message has at most %d characters.", message.MaxText)
	check(text.FirstUnreadable(in.Text, true) == 0, "message", "invalid", "A message has no control characters besides line breaks and tabs.")
	check(len(in.Attachments) <= message.MaxImages, "attachments", "too_many", "A message has at most %d images.", message.MaxImages)
	if utf8.RuneCountInString(in.Text) <= message.MaxText {
		in.contents = markdown.Inspect(in.Text)
	}
	check(len(in.contents.Links) <= message.MaxLinks, "message", "too_many", "A message has at most %d links.", message.MaxLinks)
	for i, one := range in.Attachments {
		check(id.Valid(one), "attachments", "invalid", "An attachment is the id of an uploaded image.")
		check(!slices.Contains(in.Attachments[:i], one), "attachments", "duplicate", "A message shows an image once.")
	}
	if in.Allowed != nil {
		check(len(in.Allowed.Users) <= message.MaxMentions && len(in.Allowed.Roles) <= message.MaxMentions, "allowedMentions", "too_many", "At most %d members and %d roles can be named here.", message.MaxMentions, message.MaxMentions)
	}
	nonce, ok := text.Line(in.Nonce, message.MaxNonce)
	check(ok && nonce == in.Nonce, "nonce", "invalid", "A nonce has at most %d characters, none of them a control character.", message.MaxNonce)
	return errs.InvalidFields(wrong)
}

// normaliseText returns a text in NFC, with line feeds and without white space
// around it.
func normaliseText(given string) string {
	given = strings.ReplaceAll(strings.ReplaceAll(given, "\r\n", "\n"), "\r", "\n")
	return norm.NFC.String(text.Trim(given))
}

// fingerprint identifies the request of a nonce. parentID is "" for no reply.
func (in *Input) fingerprint(parentID string) (string, error) {
	title := ""
	if in.Opening != nil {
		title = in.Opening.Title
	}
	request, err := json.Marshal([]any{in.Text, parentID, in.TopicID, in.Attachments, in.Allowed, title})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(request)
	return hex.EncodeToString(sum[:]), nil
}

// Topic is what sending needs to know of a topic.
type Topic struct {
	ChannelID string // the forum
	Locked    bool   // only managers of messages post in it
}

// Opening is a topic that is created with its first message.
type Opening struct {
	ID     string
	Title  string
	Wrong  []errs.Field // invalid fields of the topic
	Insert func(ctx context.Context, tx *sqldb.Tx, first *message.Message) error
}
