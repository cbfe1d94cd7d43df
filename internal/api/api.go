// Package api is the REST interface: it reads requests, asks one feature and
// wraps the answer. routes.go lists every route; the rules are in the packages
// of the features.
package api

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ratelimit"
)

// Deps are what the interface is made of.
type Deps struct {
	Clock       clock.Clock
	Log         *slog.Logger
	Access      *access.Access
	Accounts    *account.Accounts
	Communities *community.Communities
	Fields      *field.Fields
	Members     *member.Members
	Chat        *chat.Chat
	Bulk        *bulk.Bulk
	Once        *idempotency.Store
	Files       *blob.Dir
	Counts      *ratelimit.Counter // of attempts over all nodes; nil: this one counts by itself
	Version     string
	Limits      Limits
	Pictures    *httpx.Limit    // uploads of pictures, each account or key by itself; nil: no limit
	Streams     *httpx.Streams  // open ones of both ways in together; nil: no bound
	Uploads     *httpx.Uploads  // bulk files under way; nil: no limit
	Stopping    <-chan struct{} // closed when the server goes down: ends streams; nil: never
}

// Limits of requests; 0 takes the default of a size and no limit of a rate.
type Limits struct {
	PerAddress        int   // requests a second of one address without a valid credential
	SignIns           int   // attempts to sign in, and the like, a minute of one address and by one name
	OpenUploadsHourly int   // uploads an hour of one address without a credential
	OpenUploadBytes   int64 // of one upload without a credential; default 16 MiB
	UploadBytes       int64 // of one upload; default 2 GiB
}

// DefaultLimits are the limits of a server that is not told otherwise.
func DefaultLimits() Limits {
	return Limits{PerAddress: 20, SignIns: 10, OpenUploadsHourly: 10, OpenUploadBytes: 16 << 20, UploadBytes: 2 << 30}
}

// API answers at /v1/, /apis/v1/ (the same by an older name), /openapi.json,
// /openapi.yaml and /docs; for any other path it answers 404.
type API struct {
	Deps
	huma        huma.API
	router      *chi.Mux
	nobody      *httpx.Limit // of requests without a valid credential, each address by itself
	openUploads *httpx.Limit
	signIns     *httpx.Limit // each address by itself
	signInsOf   *httpx.Limit // each name by itself
	crossOrigin http.CrossOriginProtection
}

// configureHuma changes variables of the library, so once per program.
var configureHuma = sync.OnceFunc(func() {
	huma.NewErrorWithContext = newError
	huma.NewError = func(status int, message string, details ...error) huma.StatusError {
		return newError(nil, status, message, details...)
	}
})

// New puts the interface together. Serve it inside httpx.Wrap.
func New(d Deps) *API {
	configureHuma()
	fallback := DefaultLimits()
	if d.Limits.OpenUploadBytes == 0 {
		d.Limits.OpenUploadBytes = fallback.OpenUploadBytes
	}
	if d.Limits.UploadBytes == 0 {
		d.Limits.UploadBytes = fallback.UploadBytes
	}
	a := &API{
		Deps: d, router: chi.NewRouter(),
		nobody: httpx.NewLimit(d.Clock, d.Limits.PerAddress, time.Second), openUploads: httpx.NewSharedLimit(d.Clock, d.Counts, "open imports", d.Limits.OpenUploadsHourly, time.Hour),
		signIns:   httpx.NewSharedLimit(d.Clock, d.Counts, account.LimitByAddress, d.Limits.SignIns, time.Minute),
		signInsOf: httpx.NewSharedLimit(d.Clock, d.Counts, account.LimitByName, d.Limits.SignIns, time.Minute),
	}
	a.router.Use(a.nobody.Middleware, middleware.GetHead, notStored)
	a.router.NotFound(notFound)
	a.router.MethodNotAllowed(a.methodNotAllowed)
	a.huma = humachi.New(a.router, documentConfig(d.Version))
	a.routes()
	explain(a.huma.OpenAPI().Components.Schemas)
	a.documentRoutes()
	return a
}

// ServeHTTP answers one request. The older base path is rewritten before
// routing, so that it serves everything and is described nowhere.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isSecureAuth(r.URL.Path) {
		r = olderHeader(r)
	}
	if strings.HasPrefix(r.URL.Path, "/apis/v1/") {
		r = r.Clone(r.Context())
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/apis")
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/apis")
	}
	a.router.ServeHTTP(w, r)
}

// notStored keeps answers about people out of caches on the way.
func notStored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	httpx.WriteFailure(w, httpx.StatusFailure(r.Context(), http.StatusNotFound, "route_not_found", "There is nothing at this address; /docs lists what there is."))
}

func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if a.router.Match(chi.NewRouteContext(), method, r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	httpx.WriteFailure(w, httpx.StatusFailure(r.Context(), http.StatusMethodNotAllowed, "method_not_allowed",
		"This address takes "+strings.Join(allowed, ", ")+" only."))
}
