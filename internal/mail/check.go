package mail

import (
	netmail "net/mail"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// The longest parts of a message, in bytes.
const (
	maxAddress = 254
	maxValue   = 2000
)

// check refuses what could add a header, a recipient or a line of its own.
func (msg Message) check() error {
	if parsed, err := netmail.ParseAddress(msg.To); err != nil || parsed.Address != msg.To || len(msg.To) > maxAddress || !readable(msg.To) {
		return refused("The recipient is not an email address.")
	}
	if !readable(msg.ToName) {
		return refused("The name of the recipient holds control characters.")
	}
	for name, value := range msg.Values {
		if !readable(value) {
			return refused("The value %s is too long or holds control characters.", name)
		}
	}
	return nil
}

func refused(format string, args ...any) error {
	return errs.New(errs.Invalid, "mail_refused", format, args...)
}

func readable(part string) bool { return len(part) <= maxValue && text.Readable(part, maxValue) }
