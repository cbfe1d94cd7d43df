// Package console is what people see: server-rendered pages for everything an
// owner does with a community. A handler reads the request, asks one feature
// and renders; the rules are in the packages of the features. routes.go lists
// every page. The templates stand in the .templ files, what they show in the
// View structs beside them.
package console

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

//go:generate go tool -modfile=../../tools/go.mod templ generate -log-level error

// Deps are what the pages are made of.
type Deps struct {
	DB          *sqldb.DB // to read names of roles and memberships
	Access      *access.Access
	Accounts    *account.Accounts
	Communities *community.Communities
	Fields      *field.Fields
	Members     *member.Members
	Chat        *chat.Chat
	Bulk        *bulk.Bulk
	Mail        *mail.Mail // nil: there is no mailbox
	Jobs        *jobs.Engine
	Files       *blob.Dir
	Clock       clock.Clock
	Log         *slog.Logger
	UploadBytes int64              // of one file; 0: 2 GiB
	SignIns     int                // attempts a minute from one address, and by one name; 0: no limit
	Counts      *ratelimit.Counter // of attempts over all nodes; nil: this one counts by itself
	Pictures    *httpx.Limit       // uploads of pictures, each account or key by itself; nil: no limit
	Streams     *httpx.Streams     // open ones of both ways in together; nil: no bound
	Uploads     *httpx.Uploads     // bulk files under way; nil: no limit
	Stopping    <-chan struct{}    // closed when the server goes down: ends streams; nil: never
}

const defaultUploadBytes = 2 << 30

// console answers the requests.
type console struct {
	Deps
	signIns   *httpx.Limit // each address by itself
	signInsOf *httpx.Limit // each name by itself
}

// New returns the handler of all pages and of what they load. Serve it inside
// httpx.Wrap; paths that are no page are answered with one that says so.
func New(d Deps) http.Handler {
	if d.UploadBytes <= 0 {
		d.UploadBytes = defaultUploadBytes
	}
	c := &console{
		Deps: d, signIns: httpx.NewSharedLimit(d.Clock, d.Counts, account.LimitByAddress, d.SignIns, time.Minute),
		signInsOf: httpx.NewSharedLimit(d.Clock, d.Counts, account.LimitByName, d.SignIns, time.Minute),
	}
	return withPolicy(new(http.CrossOriginProtection).Handler(c.bounded(c.routes())))
}
