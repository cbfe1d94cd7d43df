package uitest_test

import (
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/installation"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/ui"
	uiinstallation "github.com/regulars/regulars/internal/ui/installation"
)

func fixtureOperator(title, nav string) ui.Page {
	return ui.Page{
		Title: title, Nav: nav, Help: "One sentence about the page.", Person: ui.Person{Name: "root", Email: "root@example.com"}, Reader: ui.Reader{Now: seenAt, Words: fixtureWords},
		OperatorNav: uiinstallation.New(nil, uiinstallation.Services{}).OperatorNav,
	}
}

func fixtureSettings() []uiinstallation.SettingRow {
	return []uiinstallation.SettingRow{
		{Name: "REGULARS_UPLOADS_PER_ADDRESS_MIB", Help: "Total size of concurrent uploads per network address; 0: no limit.", Value: "16,384 MiB", Default: "16,384 MiB"},
		{Name: "REGULARS_MAILS_TO_STRANGERS_PER_HOUR", Help: "Mails per hour to unconfirmed addresses.", Value: "0", Default: "20", Changed: true},
		{Name: "REGULARS_MAIL_FROM", Help: "Sender of mail.", Value: "The Rather Long-Named Society <society-of-astronomers@a-rather-long-domain.example>", Code: true, Changed: true},
		{Name: "REGULARS_SMTP_URL", Help: "Mail server.", Code: true},
	}
}

func fixtureInstallationAccounts() uiinstallation.AccountsView {
	return uiinstallation.AccountsView{
		Page: fixtureOperator("Accounts", "/-/accounts"), Search: "a", Self: "1", Older: "?cursor=x",
		Accounts: []installation.Account{
			{ID: "1", Email: "root@example.com", Username: "root", InstallationOwner: true, CreatedAt: ago(900 * time.Hour), SignedInAt: ago(time.Hour), Verified: true, Password: true, TOTP: true, Passkeys: 2, Providers: 1, Sessions: 3, Communities: []string{"Harbour Runners", "Night Owls", "Rovers"}},
			{ID: "2", Email: "maximiliane.oberbichler-stadelbauer@very-long-domain.example", Username: "maximiliane.oberbichler-stadelbauer", CreatedAt: ago(time.Minute)},
		},
		Actions: []uiinstallation.ActionRow{{Text: "grace was signed out everywhere", Actor: "root", At: ago(time.Hour)}},
	}
}

func fixtureMailbox(test *uiinstallation.TestView) uiinstallation.MailboxView {
	return uiinstallation.MailboxView{
		Page: fixtureOperator("Mail", "/-/mail"), Older: "?cursor=x",
		Delivery: uiinstallation.DeliveryView{
			Sends: true, Server: "smtp.a-rather-long-domain.example:587", Encryption: "STARTTLS", User: "club", From: "Our Club <club@example.com>", To: "root@example.com",
			Queue: mail.Queue{Waiting: 12_345, Oldest: ago(2 * time.Hour), Failed: 1, NoServer: 2}, Test: test, Rows: fixtureSettings(),
		},
		Backlogs: []uiinstallation.BacklogRow{{Backlog: mail.Backlog{Sender: "account:1", CommunityID: "2", Waiting: 40, Oldest: ago(time.Hour)}, Account: "mallory", Community: "Rovers"}},
		Mails:    []uiinstallation.MailRow{{ID: "1", To: "maximiliane.oberbichler-stadelbauer@very-long-domain.example", Subject: "Confirm your email address", State: mail.Failed, CreatedAt: ago(time.Hour)}},
	}
}

// operatorFixtures are the pages of the installation.
func operatorFixtures() map[string]templ.Component {
	rovers := installation.Community{Community: community.Community{ID: "1", Name: "Rovers", CreatedAt: ago(900 * time.Hour)}, Owners: []string{"ada", "grace", "linus"}, Members: 12_480, Files: 12, Bytes: 3_000_000}
	deleted := installation.Community{Community: community.Community{ID: "2", Name: "The Rather Long-Named Society of Amateur Astronomers of the Old Town", CreatedAt: ago(time.Hour), DeletedAt: ago(time.Minute)}, ErasedAt: seenAt.Add(700 * time.Hour).UnixMilli()}
	communities := uiinstallation.CommunitiesView{Page: fixtureOperator("Communities", "/-/communities"), Communities: []installation.Community{deleted, rovers}, Older: "?cursor=x"}
	result := mail.TestResult{ID: "1", To: "root@example.com", At: ago(time.Second)}
	refused := result
	refused.Failed, refused.Reply = mail.StepSignIn, "dial failed: 535 5.7.8 Authentication failed"
	full := ui.StorageView{Files: 12, Used: 20_000, Quota: 20_000}
	return map[string]templ.Component{
		"communities-all":       uiinstallation.CommunitiesPage(communities),
		"communities-not-found": uiinstallation.CommunitiesPage(uiinstallation.CommunitiesView{Page: fixtureOperator("Communities", "/-/communities"), Search: "zzz"}),
		"communities-none":      uiinstallation.CommunitiesPage(uiinstallation.CommunitiesView{Page: fixtureOperator("Communities", "/-/communities")}),
		"accounts-all":          uiinstallation.AccountsPage(fixtureInstallationAccounts()),
		"accounts-not-found":    uiinstallation.AccountsPage(uiinstallation.AccountsView{Page: fixtureOperator("Accounts", "/-/accounts"), Search: "zzz"}),
		"mail":                  uiinstallation.MailboxPage(fixtureMailbox(&uiinstallation.TestView{TestResult: result})),
		"mail-failed":           uiinstallation.MailboxPage(fixtureMailbox(&uiinstallation.TestView{TestResult: refused, Reason: "smtp.example.com rejected the user or the password.", Remedy: "Check user and password in REGULARS_SMTP_URL."})),
		"mail-none":             uiinstallation.MailboxPage(uiinstallation.MailboxView{Page: fixtureOperator("Mail", "/-/mail")}),
		"installation-sign-in": uiinstallation.SignInPage(uiinstallation.SignInView{
			Page: fixtureOperator("Sign-in and registration", "/-/sign-in"), Provider: true, Redirect: "https://community.example.com/sign-in/provider/return", Rows: fixtureSettings(),
			Ways: []uiinstallation.WayRow{{Name: "Registration", Word: "Open", Text: "Anyone can create an account.", Setting: "REGULARS_REGISTRATION", On: true}, {Name: "Passkeys", Word: "Off", Text: "Passkeys need an https address."}},
		}),
		"storage": uiinstallation.StoragePage(uiinstallation.StorageView{
			Page: fixtureOperator("Storage and backups", "/-/storage"), Engine: "PostgreSQL", Postgres: true, Database: 123_456_789, Used: 20_000, Free: 1 << 40, Rows: fixtureSettings(),
			Stores: []uiinstallation.StoreRow{{ID: "1", Name: "Rovers", Storage: full}, {ID: "6a21d1c09f3b0c4d5e6f7a8b", Storage: full}},
			Backup: "regulars backup --data '/srv/a rather long folder/regulars-data' regulars-2026-04-07.tar", Restore: "regulars restore --data NEW_FOLDER regulars-2026-04-07.tar",
		}),
		"health": uiinstallation.HealthPage(uiinstallation.HealthView{
			Page: fixtureOperator("Health", "/-/health"), Version: "1.2.3", Go: "go1.26", Engine: "SQLite", Address: "https://community.example.com", Schema: 40, StartedAt: ago(300 * time.Hour), Nodes: []jobs.Node{{ID: "65f1a0b2c3d4e5f601234567", Version: "1.2.3", StartedAt: ago(300 * time.Hour), SeenAt: ago(time.Second), RunningJobs: 1, Live: true, This: true}}, Waiting: 3, Running: 1, Dead: 2, Failed: 1, Rows: fixtureSettings(),
			Checks: []uiinstallation.CheckRow{{Title: "Database", OK: true}, {Title: "Content of the database", Skipped: true}, {Title: "Failed jobs", Problem: "Some jobs were given up: 2.", Remedy: "Fix the cause.", Detail: "2 of mail.send; the latest, 6a21d1c09f3b0c4d5e6f7a8b: dial tcp: connection refused."}},
			Kinds:  []uiinstallation.KindRow{{Name: "Mail", Waiting: 3, Dead: 2, OldestAt: ago(time.Hour)}},
		}),
		"limits":    uiinstallation.LimitsPage(uiinstallation.LimitsView{Page: fixtureOperator("Limits", "/-/limits"), Groups: []uiinstallation.LimitGroup{{ID: "limits-mail", Title: "Mail", Rows: fixtureSettings()}}}),
		"dead-jobs": uiinstallation.DeadJobsPage(uiinstallation.DeadJobsView{Page: fixtureOperator("Failed jobs", "/-/health"), Jobs: []uiinstallation.DeadJob{{ID: "1", Kind: "mail.send", Name: "Mail", Args: `{"messageId":"6a21d1c09f3b0c4d5e6f7a8b"}`, Cause: "3 attempts failed.", Error: "connection refused", At: ago(time.Hour)}}}),
	}
}

func TestPagesOfTheInstallationAreAccessible(t *testing.T) { checkGallery(t, operatorFixtures()) }
