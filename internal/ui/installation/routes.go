// Package installation has the pages of the installation's owner: communities,
// accounts, mail, sign-in, storage, health and limits.
package installation

import (
	"context"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/installation"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	DB           *sqldb.DB
	Installation *installation.Installation
	Accounts     *signin.Accounts
	Communities  *community.Communities
	Ownership    *ownership.Ownership
	Bulk         *bulk.Bulk
	Mail         *mail.Mail
	Jobs         *jobs.Engine
	Files        *blob.Dir
	Server       Server
}

// Server describes the running server.
type Server struct {
	Version   string
	URL       func() string // public address, without a trailing slash
	StartedAt int64         // Unix milliseconds
	Data      string        // absolute path of the data folder
	Settings  []Setting     // in the order of the help
	// Check runs the health checks. Slow ones are skipped unless slow is true.
	Check func(ctx context.Context, slow bool) []Check
}

// Setting is a setting with its value in force. Secrets are masked.
type Setting struct {
	Group    string // Data, Log, Server, Limits, Mail, Communities or Accounts
	Name     string // environment variable
	Help     string // a key, with ${enum} for Choices
	Choices  string
	Value    string // "": not set
	Default  string // "": none
	Number   bool   // a number or a duration
	Duration bool
	Unit     string // MiB or ""
}

// Check is the result of a health check.
type Check struct {
	Title           string // a key
	OK, Skipped     bool
	Problem, Remedy errs.Sentence // of a failed check
	Detail          string        // not translated
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// Paths of the pages, which are also their keys in the navigation.
const (
	communitiesPath = "/-/communities"
	accountsPath    = "/-/accounts"
	mailPath        = "/-/mail"
	signInPath      = "/-/sign-in"
	storagePath     = "/-/storage"
	healthPath      = "/-/health"
	limitsPath      = "/-/limits"
)

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: h.routes(),
		OperatorNav: []ui.NavItem{
			{Key: communitiesPath, Label: i18n.Key("Communities"), Icon: "store", Path: communitiesPath},
			{Key: accountsPath, Label: i18n.Key("Accounts"), Icon: "users", Path: accountsPath},
			{Key: mailPath, Label: i18n.Key("Mail"), Words: i18n.Key("outbox, SMTP, test mail"), Icon: "mail", Path: mailPath},
			{Key: signInPath, Label: i18n.Key("Sign-in"), Words: i18n.Key("registration, passkeys, provider"), Icon: "key-round", Path: signInPath},
			{Key: storagePath, Label: i18n.Key("Storage"), Words: i18n.Key("backups, database, files, disk"), Icon: "file-up", Path: storagePath},
			{Key: healthPath, Label: i18n.Key("Health"), Words: i18n.Key("checks, version, jobs"), Icon: "monitor", Path: healthPath},
			{Key: limitsPath, Label: i18n.Key("Limits"), Words: i18n.Key("rate limits, settings"), Icon: "sliders-horizontal", Path: limitsPath},
		},
		Audit: auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.Operator.Get(communitiesPath, h.showCommunities),
		ui.Operator.Post(communitiesPath+"/{community}/restore", h.restoreCommunity),
		ui.Operator.Get(accountsPath, h.showAccounts),
		ui.Operator.Post(accountsPath+"/{account}/sign-out", h.signOut),
		ui.Operator.Get(mailPath, h.showMailbox),
		ui.Operator.Post(mailPath+"/test", h.sendTestMail),
		ui.Operator.Post(mailPath+"/stop", h.stopMails),
		ui.Operator.Get(mailPath+"/{mail}", h.showMail),
		ui.Operator.Get(mailPath+"/{mail}/html", h.showMailHTML),
		ui.Operator.Get(signInPath, h.showSignIn),
		ui.Operator.Get(storagePath, h.showStorage),
		ui.Operator.Get(healthPath, h.showHealth),
		ui.Operator.Get(limitsPath, h.showLimits),
		ui.Operator.Get("/-/jobs", h.showDeadJobs),
		ui.Operator.Post("/-/jobs/{job}/retry", h.retryJob),
		ui.Operator.Post("/-/jobs/{job}/dismiss", h.dismissJob),
		ui.Operator.Get("/-/installation", func(v *ui.Request) error { return v.Redirect(storagePath, "") }), // its former address
	}
}
