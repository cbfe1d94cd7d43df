package mail

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/i18n"
)

// Template is what a message says. Beside each stand the values it takes; those
// with a question mark may be left out.
type Template string

// The templates.
const (
	VerifyEmail     Template = "verify_email"      // link, name?
	AccountExists   Template = "account_exists"    // link to sign in, name?
	ResetPassword   Template = "reset_password"    // link
	PasswordChanged Template = "password_changed"  // link to ask for a new one
	Welcome         Template = "welcome"           // community, link
	BulkJobFinished Template = "bulk_job_finished" // kind: check, import, update, undo; status: completed, failed; file?, created, updated, unchanged, skipped, failed, link
	Invited         Template = "invited"           // community, link
	TransferOffered Template = "transfer_offered"  // community, link
	TransferEnded   Template = "transfer_ended"    // kind: accepted, declined, expired, cancelled; community, member?, link
	ConfirmEmail    Template = "confirm_email"     // link; to the new address of an account
	EmailChanging   Template = "email_changing"    // link to choose a new password; to the current address
	EmailChanged    Template = "email_changed"     // link to sign in; to the previous address
	SignInAdded     Template = "sign_in_added"     // kind: provider, codes, passkey, api_key; name?, link to the account's page
)

// values are what each template needs; the others are not asked for.
var values = map[Template][]string{
	VerifyEmail: {"link"}, AccountExists: {"link"}, ResetPassword: {"link"}, PasswordChanged: {"link"},
	Welcome: {"link"}, BulkJobFinished: {"kind", "status", "created", "updated", "unchanged", "skipped", "failed", "link"},
	Invited: {"link"}, SignInAdded: {"kind", "link"}, TransferOffered: {"link"}, TransferEnded: {"kind", "link"},
	ConfirmEmail: {"link"}, EmailChanging: {"link"}, EmailChanged: {"link"},
}

// content is a message in words: paragraphs, a button for its one link, and
// what stands under the line.
type content struct {
	language      string
	subject       string
	greeting      string
	before, after []string // paragraphs around the button
	button, link  string
	closing       string
}

func render(p i18n.Printer, msg Message, now time.Time) (content, error) {
	needed, known := values[msg.Template]
	if !known {
		return content{}, fmt.Errorf("no mail template %q", msg.Template)
	}
	for _, name := range needed {
		if msg.Values[name] == "" {
			return content{}, fmt.Errorf("mail %s without the value %q", msg.Template, name)
		}
	}
	if link := msg.Values["link"]; !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
		return content{}, fmt.Errorf("mail %s: the link is no web address", msg.Template)
	}
	c := words[msg.Template](p, msg.Values)
	c.language, c.link = p.Language().String(), msg.Values["link"]
	if c.greeting == "" {
		c.greeting = p.T("Hello,")
		if name := cmp.Or(msg.ToName, msg.Values["name"]); name != "" {
			c.greeting = p.T("Hello %s,", name)
		}
	}
	if msg.ExpiresAt != 0 && msg.Template != Welcome { // whose link works on
		c.after = append(c.after, validity(p, time.UnixMilli(msg.ExpiresAt).Sub(now)))
	}
	return c, nil
}

// validity says for how long a link works. A minute that went by since it was
// made does not make a day 23 hours.
func validity(p i18n.Printer, left time.Duration) string {
	left += time.Minute
	switch hours := int64(left / time.Hour); {
	case hours >= 48:
		return p.Count(hours/24, "The link works once, for %d day.", "The link works once, for %d days.")
	case hours >= 1:
		return p.Count(hours, "The link works once, for %d hour.", "The link works once, for %d hours.")
	}
	return p.Count(max(1, int64(left/time.Minute)), "The link works once, for %d minute.", "The link works once, for %d minutes.")
}
