package mail

import (
	"cmp"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/i18n"
)

// Template identifies a mail. Each constant lists its values; those with a
// question mark are optional.
type Template string

// Templates.
const (
	VerifyEmail     Template = "verify_email"      // link, name?
	AccountExists   Template = "account_exists"    // link to sign in, name?
	ResetPassword   Template = "reset_password"    // link
	PasswordChanged Template = "password_changed"  // link to ask for a new one
	Welcome         Template = "welcome"           // community, link
	BulkJobFinished Template = "bulk_job_finished" // kind: check, import, update, undo; status: completed, failed; file?, created, updated, unchanged, skipped, failed, warnings?: stored sentences, one per line, link
	Invited         Template = "invited"           // community, link
	TransferOffered Template = "transfer_offered"  // community, link
	TransferEnded   Template = "transfer_ended"    // kind: accepted, declined, expired, cancelled; community, member?, link
	ConfirmEmail    Template = "confirm_email"     // link; to the new address of an account
	EmailChanging   Template = "email_changing"    // link to choose a new password; to the current address
	EmailChanged    Template = "email_changed"     // link to sign in; to the previous address
	TestMail        Template = "test_mail"         // link to the server
	SignInAdded     Template = "sign_in_added"     // kind: provider, codes, passkey, api_key; name?, link to the account's page
)

// requiredValues are the required values of each template.
var requiredValues = map[Template][]string{
	VerifyEmail: {"link"}, AccountExists: {"link"}, ResetPassword: {"link"}, PasswordChanged: {"link"},
	Welcome: {"link"}, BulkJobFinished: {"kind", "status", "created", "updated", "unchanged", "skipped", "failed", "link"},
	Invited: {"link"}, SignInAdded: {"kind", "link"}, TransferOffered: {"link"}, TransferEnded: {"kind", "link"},
	ConfirmEmail: {"link"}, EmailChanging: {"link"}, EmailChanged: {"link"}, TestMail: {"link"},
}

func render(p i18n.Printer, msg Message, now time.Time) (content, error) {
	needed, known := requiredValues[msg.Template]
	if !known {
		return content{}, fmt.Errorf("no mail template %q", msg.Template)
	}
	for _, name := range needed {
		if msg.Values[name] == "" {
			return content{}, fmt.Errorf("mail %s without the value %q", msg.Template, name)
		}
	}
	if link := msg.Values["link"]; !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
		return content{}, fmt.Errorf("mail %s: the link is not a web address", msg.Template)
	}
	c := builders[msg.Template](p, msg.Values)
	c.language, c.link = p.Language().String(), msg.Values["link"]
	if c.greeting == "" {
		c.greeting = p.T("Hello,")
		if name := cmp.Or(msg.ToName, msg.Values["name"]); name != "" {
			c.greeting = p.T("Hello %s,", name)
		}
	}
	if msg.ExpiresAt != 0 && msg.Template != Welcome { // its link does not expire
		c.after = append(c.after, validity(p, time.UnixMilli(msg.ExpiresAt).Sub(now)))
	}
	return c, nil
}

// validity is how long a link works, rounded so that a minute since its
// creation does not turn one day into 23 hours.
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

// page has inline styles because mail clients drop style sheets.
var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:12px">
<p style="margin:0 0 16px">{{.Greeting}}</p>
{{range .Before}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#1d4ed8;color:#ffffff;text-decoration:none;font-weight:600">{{.Button}}</a></p>
{{range .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{if .Closing}}<p style="margin:0 0 16px;color:#52525b">{{.Closing}}</p>
{{end}}<p style="margin:24px 0 0;font-size:13px;color:#52525b;word-break:break-all">{{.Link}}</p>
</div></body></html>
`))
