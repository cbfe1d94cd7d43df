package mail

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

// builders return the content of each template.
var builders = map[Template]func(i18n.Printer, map[string]string) content{
	VerifyEmail: verifyEmail, AccountExists: accountExists, ResetPassword: resetPassword, PasswordChanged: passwordChanged,
	Welcome: welcome, BulkJobFinished: bulkJobFinished, Invited: invited, SignInAdded: signInAdded,
	TransferOffered: transferOffered, TransferEnded: transferEnded,
	ConfirmEmail: confirmEmail, EmailChanging: emailChanging, EmailChanged: emailChanged, TestMail: testMail,
}

func testMail(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Test mail of Regulars"),
		before:  []string{p.T("This server can send mail. You asked for this message on the page Mail of the installation.")},
		button:  p.T("Open the server"),
	}
}

func verifyEmail(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Confirm your email address"),
		before:  []string{p.T("This email address was entered to create an account. Confirm that it is yours:")},
		button:  p.T("Confirm the address"),
		closing: p.T("If it was not you, do nothing: no account is created."),
	}
}

func accountExists(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("You already have an account"),
		before:  []string{p.T("This email address was entered to create an account, but it already has one. Sign in with it.")},
		button:  p.T("Sign in"),
		after:   []string{p.T("If you forgot the password, request a new one on the sign-in page.")},
		closing: p.T("If it was not you, do nothing: nothing has changed."),
	}
}

func resetPassword(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Choose a new password"),
		before:  []string{p.T("A new password was requested for this account.")},
		button:  p.T("Choose a new password"),
		closing: p.T("If it was not you, do nothing: your password does not change."),
	}
}

func passwordChanged(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Your password was changed"),
		before:  []string{p.T("The password of your account was changed, and it was signed out everywhere else.")},
		button:  p.T("This was not me"),
		after:   []string{p.T("If it was not you, request a new password now.")},
	}
}

func confirmEmail(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Confirm your new email address"),
		before:  []string{p.T("This address was entered as the new email address of an account. Confirm that it is yours:")},
		button:  p.T("Confirm the address"),
		closing: p.T("If it was not you, do nothing: the account keeps its current address."),
	}
}

func emailChanging(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Your email address is about to change"),
		before:  []string{p.T("A new email address was entered for your account. It replaces this one when the link in a mail to the new address is opened.")},
		button:  p.T("This was not me"),
		after:   []string{p.T("If it was not you, choose a new password now: that cancels the change.")},
	}
}

func emailChanged(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Your email address was changed"),
		before:  []string{p.T("Your account has a new email address. You can no longer sign in with this one.")},
		button:  p.T("Sign in"),
		after:   []string{p.T("If it was not you, contact the operator of this server.")},
	}
}

// communityName is the name of the community, or a substitute if nothing is
// left of it without addresses.
func communityName(p i18n.Printer, v map[string]string) string {
	return cmp.Or(v["community"], p.T("a community"))
}

func welcome(p i18n.Printer, v map[string]string) content {
	return content{
		subject: p.T("You were added to %s", communityName(p, v)),
		before: []string{
			p.T("You were added as a member of %s.", communityName(p, v)),
			p.T("You decide whether to accept. Until you do, the community sees nothing of an account that you may have."),
		},
		button: p.T("Accept or decline"),
		after:  []string{p.T("On that page you can also decline, without an account: the community's data about you is then removed, and it cannot add you again.")},
	}
}

func invited(p i18n.Printer, v map[string]string) content {
	return content{
		subject: p.T("An invitation to %s", communityName(p, v)),
		before: []string{
			p.T("You are invited to become a member of %s.", communityName(p, v)),
			p.T("You decide whether to accept."),
		},
		button: p.T("Accept or decline"),
		after:  []string{p.T("On that page you can also decline, without an account: the invite then ends, and the community cannot add you.")},
	}
}

func transferOffered(p i18n.Printer, v map[string]string) content {
	return content{
		subject: p.T("You are offered the ownership of %s", communityName(p, v)),
		before: []string{
			p.T("An owner of %s wants to transfer it to you.", communityName(p, v)),
			p.T("If you accept, you own the community and everything in it, and its owner becomes an ordinary member. Sign in to see the offer and to answer it."),
		},
		button:  p.T("See the offer"),
		closing: p.T("If you do not want the community, decline the offer there or do nothing. Nothing changes then."),
	}
}

// Results of a transfer.
const (
	transferAccepted = "accepted"
	transferDeclined = "declined"
	transferExpired  = "expired"
)

func transferEnded(p i18n.Printer, v map[string]string) content {
	where, who := communityName(p, v), cmp.Or(v["member"], p.T("The member"))
	c := content{subject: p.T("The transfer of %s has ended", where), button: p.T("Go to the community")}
	switch v["kind"] {
	case transferAccepted:
		c.subject = p.T("%s has a new owner", where)
		c.before = []string{p.T("%[1]s has accepted the transfer and owns %[2]s now. You are no longer an owner.", who, where)}
		c.after = []string{p.T("If you did not start this transfer, change your password and ask the new owner.")}
	case transferDeclined:
		c.before = []string{p.T("%[1]s has declined the transfer. You still own %[2]s.", who, where)}
	case transferExpired:
		c.before = []string{p.T("%[1]s has not answered within seven days. You still own %[2]s.", who, where)}
	default:
		c.before = []string{p.T("%[1]s can no longer accept the transfer. You still own %[2]s.", who, where)}
	}
	return c
}

// Kinds of sign-in methods.
const (
	MethodProvider = "provider"
	MethodTOTP     = "codes"
	MethodPasskey  = "passkey"
	MethodAPIKey   = "api_key"
)

func signInMethod(p i18n.Printer, kind, name string) string {
	switch kind {
	case MethodTOTP:
		return p.T("codes of an authenticator app")
	case MethodPasskey:
		return strings.TrimSpace(p.T("passkey %s", name))
	case MethodAPIKey:
		return strings.TrimSpace(p.T("API key %s", name))
	}
	return cmp.Or(name, p.T("a provider"))
}

func signInAdded(p i18n.Printer, v map[string]string) content {
	return content{
		subject: p.T("A new way to sign in was added"),
		before:  []string{p.T("Your account has a new sign-in method: %s.", signInMethod(p, v["kind"], v["name"]))},
		button:  p.T("See your account"),
		after:   []string{p.T("If it was not you, remove it there and change your password.")},
	}
}

func bulkJobFinished(p i18n.Printer, v map[string]string) content {
	count := func(name string) int64 {
		n, _ := strconv.ParseInt(v[name], 10, 64) // an invalid count is 0
		return n
	}
	c := content{
		subject: jobSubject(p, v),
		before: []string{
			rowsTitle(p, v["kind"]),
			p.T("%[1]d created, %[2]d updated, %[3]d unchanged, %[4]d skipped, %[5]d failed.",
				count("created"), count("updated"), count("unchanged"), count("skipped"), count("failed")),
		},
		button: p.T("See the result"),
	}
	if failed := count("failed"); failed > 0 && v["kind"] == "import" {
		c.before = append(c.before, p.Count(failed, "%d row was not imported. It can be downloaded, corrected and uploaded again.",
			"%d rows were not imported. They can be downloaded, corrected and uploaded again."))
	}
	for text := range strings.Lines(v["warnings"]) {
		c.before = append(c.before, p.Sentence(errs.ParseSentence(strings.TrimSpace(text))))
	}
	return c
}

func jobSubject(p i18n.Printer, v map[string]string) string {
	switch file := cmp.Or(v["file"], p.T("Your file")); {
	case v["status"] == "failed":
		return p.T("%s could not be processed", file)
	case v["kind"] == "check":
		return p.T("%s was checked", file)
	case v["kind"] == "undo":
		return p.T("The import of %s was undone", file)
	default:
		return p.T("%s was imported", file)
	}
}

func rowsTitle(p i18n.Printer, kind string) string {
	if kind == "check" {
		return p.T("Preview:")
	}
	return p.T("Result:")
}

// content is a rendered message: paragraphs, a button for its only link, and a
// closing line.
type content struct {
	language      string
	subject       string
	greeting      string
	before, after []string // paragraphs around the button
	button, link  string
	closing       string
}

// text is the plain-text body.
func (c content) text() string {
	blocks := append([]string{c.greeting}, c.before...)
	blocks = append(blocks, c.button+":\n"+c.link)
	blocks = append(blocks, c.after...)
	if c.closing != "" {
		blocks = append(blocks, c.closing)
	}
	return strings.Join(blocks, "\n\n") + "\n"
}

func (c content) html() string {
	var b strings.Builder
	err := page.Execute(&b, map[string]any{
		"Language": c.language, "Subject": c.subject, "Greeting": c.greeting, "Before": c.before, "After": c.after,
		"Button": c.button, "Link": c.link, "Closing": c.closing,
	})
	if err != nil {
		panic(err) //nolint:forbidigo // a strings.Builder never fails and the template is constant
	}
	return b.String()
}
