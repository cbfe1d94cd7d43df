package mail

import (
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// The longest parts of a message, in bytes.
const (
	maxAddress = 254
	maxValue   = 2000
)

// check refuses what could add a header, a recipient or a line of its own.
func (msg Message) check() error {
	if parsed, err := netmail.ParseAddress(msg.To); err != nil || parsed.Address != msg.To || len(msg.To) > maxAddress || !oneLine(msg.To) {
		return refused("The recipient is not an email address.")
	}
	if !oneLine(msg.ToName) {
		return refused("The name of the recipient holds control characters.")
	}
	for name, value := range msg.Values {
		if !oneLine(value) {
			return refused("The value " + name + " is too long or holds control characters.")
		}
	}
	return nil
}

func refused(why string) error { return errs.New(errs.Invalid, "mail_refused", "%s", why) }

// oneLine reports whether a text is valid and holds neither control characters
// nor the separators of lines and paragraphs.
func oneLine(text string) bool {
	return len(text) <= maxValue && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}
