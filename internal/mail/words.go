package mail

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
)

// words are the sentences of each template.
var words = map[Template]func(i18n.Printer, map[string]string) content{
	VerifyEmail: verifyEmail, AccountExists: accountExists, ResetPassword: resetPassword, PasswordChanged: passwordChanged,
	Welcome: welcome, BulkJobFinished: bulkJobFinished, Invited: invited, SignInAdded: signInAdded,
	TransferOffered: transferOffered, TransferEnded: transferEnded,
	ConfirmEmail: confirmEmail, EmailChanging: emailChanging, EmailChanged: emailChanged,
}

func verifyEmail(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Confirm your email address"),
		before:  []string{p.T("Somebody, probably you, wants to make an account with this email address. Confirm that it is yours:")},
		button:  p.T("Confirm the address"),
		closing: p.T("If it was not you, do nothing: no account is made then."),
	}
}

func accountExists(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("You have an account already"),
		before:  []string{p.T("Somebody, probably you, wants to make an account with this email address. It has one already: sign in with it.")},
		button:  p.T("Sign in"),
		after:   []string{p.T("If you do not know the password any more, ask for a new one on the page to sign in.")},
		closing: p.T("If it was not you, do nothing: nothing has changed."),
	}
}

func resetPassword(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Choose a new password"),
		before:  []string{p.T("Somebody, probably you, asked for a new password for this account.")},
		button:  p.T("Choose a new password"),
		closing: p.T("If it was not you, do nothing: the old password stays."),
	}
}

func passwordChanged(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Your password was changed"),
		before:  []string{p.T("The password of your account was changed, and it was signed out everywhere else.")},
		button:  p.T("This was not me"),
		after:   []string{p.T("If it was not you, ask for a new password at once.")},
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
		after:   []string{p.T("If it was not you, choose a new password at once: that cancels the change.")},
	}
}

func emailChanged(p i18n.Printer, _ map[string]string) content {
	return content{
		subject: p.T("Your email address was changed"),
		before:  []string{p.T("Your account has a new email address. You can no longer sign in with this one.")},
		button:  p.T("Sign in"),
		after:   []string{p.T("If it was not you, contact the people who run this server.")},
	}
}

// communityName is the community's name, or words for it if nothing was left
// of the name without its addresses.
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

// The ends of a transfer.
const (
	Accepted = "accepted"
	Declined = "declined"
	TimedOut = "expired"
)

func transferEnded(p i18n.Printer, v map[string]string) content {
	where, who := communityName(p, v), cmp.Or(v["member"], p.T("The member"))
	c := content{subject: p.T("The transfer of %s has ended", where), button: p.T("Go to the community")}
	switch v["kind"] {
	case Accepted:
		c.subject = p.T("%s has a new owner", where)
		c.before = []string{p.T("%[1]s has accepted the transfer and owns %[2]s now. You are no longer an owner.", who, where)}
		c.after = []string{p.T("If you did not start this transfer, change your password and ask the new owner.")}
	case Declined:
		c.before = []string{p.T("%[1]s has declined the transfer. You still own %[2]s.", who, where)}
	case TimedOut:
		c.before = []string{p.T("%[1]s has not answered within seven days. You still own %[2]s.", who, where)}
	default:
		c.before = []string{p.T("%[1]s can no longer accept the transfer. You still own %[2]s.", who, where)}
	}
	return c
}

// The kinds of new ways to sign in.
const (
	ByProvider = "provider"
	ByCodes    = "codes"
	ByPasskey  = "passkey"
	ByKey      = "api_key"
)

func wayToSignIn(p i18n.Printer, kind, name string) string {
	switch kind {
	case ByCodes:
		return p.T("codes of an authenticator app")
	case ByPasskey:
		return strings.TrimSpace(p.T("passkey %s", name))
	case ByKey:
		return strings.TrimSpace(p.T("API key %s", name))
	}
	return cmp.Or(name, p.T("a provider"))
}

func signInAdded(p i18n.Printer, v map[string]string) content {
	return content{
		subject: p.T("A new way to sign in was added"),
		before:  []string{p.T("From now on your account can also be signed in to with: %s.", wayToSignIn(p, v["kind"], v["name"]))},
		button:  p.T("See your account"),
		after:   []string{p.T("If it was not you, remove it there and change your password.")},
	}
}

func bulkJobFinished(p i18n.Printer, v map[string]string) content {
	count := func(name string) int64 {
		n, _ := strconv.ParseInt(v[name], 10, 64) // a count that is none is 0 rows
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
		c.before = append(c.before, p.Count(failed, "%d row was not imported. It can be downloaded, mended and uploaded again.",
			"%d rows were not imported. They can be downloaded, mended and uploaded again."))
	}
	return c
}

// jobSubject says what has ended, and whether it came to its end.
func jobSubject(p i18n.Printer, v map[string]string) string {
	switch file := cmp.Or(v["file"], p.T("Your file")); {
	case v["status"] == "failed":
		return p.T("The work on %s could not go on", file)
	case v["kind"] == "check":
		return p.T("%s is checked", file)
	case v["kind"] == "undo":
		return p.T("The import of %s is undone", file)
	default:
		return p.T("%s is imported", file)
	}
}

func rowsTitle(p i18n.Printer, kind string) string {
	if kind == "check" {
		return p.T("What would become of its rows:")
	}
	return p.T("What became of its rows:")
}
