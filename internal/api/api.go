// Package api is the frame of the REST interface: routes and their access,
// idempotency, uploads, envelopes, errors and the OpenAPI document. The packages
// below it have the operations, one package per area; internal/app lists them.
package api

import (
	"context"
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
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
	"github.com/regulars/regulars/internal/ratelimit"
)

// Deps are the collaborators of the frame.
type Deps struct {
	Clock    clock.Clock
	Log      *slog.Logger
	Access   *access.Access
	Accounts *signin.Accounts
	Once     *idempotency.Store
	Counts   *ratelimit.Counter // of attempts on all nodes; nil: this node counts alone
	Visited  func(ctx context.Context, caller actor.Actor, communityID string)
	Pictures *httpx.Limit // of picture uploads per account or key; nil: none
	Version  string
	Limits   Limits
}

// Limits of requests; 0 is no limit.
type Limits struct {
	PerAddress int // requests per second of an address without a valid credential
	SignIns    int // sign-ins and similar attempts per minute, of an address and of a name
}

// DefaultLimits returns the limits of a server without settings of its own.
func DefaultLimits() Limits { return Limits{PerAddress: 20, SignIns: 10} }

// API serves /v1/, /apis/v1/ (an alias), /openapi.json, /openapi.yaml and /docs,
// and responds 404 to any other path.
type API struct {
	Deps
	huma       huma.API
	router     *chi.Mux
	routes     []Route
	keyHeaders map[string]string // path -> another header with an API key
	anonymous  *httpx.Limit      // of requests without a valid credential, per address
	signIns    *httpx.Limit      // per address
	signInsOf  *httpx.Limit      // per name
}

// configureHuma sets variables of the library, once per process.
var configureHuma = sync.OnceFunc(func() {
	huma.NewErrorWithContext = newError
	huma.NewError = func(status int, message string, details ...error) huma.StatusError {
		return newError(nil, status, message, details...)
	}
})

// New returns the API with the operations of areas. Serve it inside httpx.Wrap.
func New(d Deps, areas ...Area) *API {
	configureHuma()
	a := &API{
		Deps: d, router: chi.NewRouter(), keyHeaders: map[string]string{},
		anonymous: httpx.NewLimit(d.Clock, d.Limits.PerAddress, time.Second),
		signIns:   httpx.NewSharedLimit(d.Clock, d.Counts, throttle.LimitByAddress, d.Limits.SignIns, time.Minute),
		signInsOf: httpx.NewSharedLimit(d.Clock, d.Counts, throttle.LimitByName, d.Limits.SignIns, time.Minute),
	}
	a.router.Use(a.anonymous.Middleware, middleware.GetHead, notStored)
	a.router.NotFound(notFound)
	a.router.MethodNotAllowed(a.methodNotAllowed)
	a.huma = humachi.New(a.router, documentConfig(d.Version, areas))
	for _, area := range areas {
		area.Routes(&Group{a, area.Tag})
		if area.Webhooks != nil {
			a.huma.OpenAPI().Webhooks = area.Webhooks(a.huma.OpenAPI().Components.Schemas)
		}
		area.describeFields(a.huma.OpenAPI().Components.Schemas)
	}
	a.documentRoutes()
	return a
}

// OpenAPI returns the document of the API.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// Routes returns all operations, in the order of their areas.
func (a *API) Routes() []Route { return a.routes }

// ServeHTTP serves a request. The alias /apis/v1/ is rewritten before routing and
// is not in the document.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/apis/v1/") {
		r = r.Clone(r.Context())
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/apis")
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/apis")
	}
	a.router.ServeHTTP(w, withKeyHeader(r, a.keyHeaders[r.URL.Path]))
}

// withKeyHeader moves an API key from the header name to the usual one, unless
// the request has another credential.
func withKeyHeader(r *http.Request, name string) *http.Request {
	if name == "" {
		return r
	}
	key := r.Header.Get(name)
	if key == "" || r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("X-Api-Key", key)
	return r
}

// notStored forbids proxies and browsers to cache responses.
func notStored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	httpx.WriteFailure(w, httpx.StatusFailure(r.Context(), http.StatusNotFound, "route_not_found", "Address not found. /docs/api lists all addresses."))
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
		"This address supports only "+strings.Join(allowed, ", ")+"."))
}
