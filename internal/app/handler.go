package app

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/api"
	bulkapi "github.com/regulars/regulars/internal/api/bulk"
	"github.com/regulars/regulars/internal/app/health"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/ui"
)

// handler routes requests to the API, the probes, metrics and media, and all
// others to the console.
func (a *App) handler() (http.Handler, error) {
	proxies, err := a.config.ProxyNetworks()
	if err != nil {
		return nil, err
	}
	pictures := httpx.NewLimit(a.clock, a.config.PicturesPerMin, time.Minute) // shared by API and console
	streams := httpx.NewStreams(a.config.StreamsPerOwner, a.config.Streams, a.config.StreamCheck)
	uploads := httpx.NewUploads(a.config.UploadLimits())
	areas := a.apiAreas(apiLimits{
		uploads: uploads, streams: streams, stopping: a.stopping, rates: a.config.InForce(),
		bulk: bulkapi.Limits{OpenUploadsHourly: a.config.OpenImports, OpenUploadBytes: a.config.OpenImportMiB << 20, UploadBytes: a.config.BulkFileMiB << 20},
	})
	rest := api.New(api.Deps{
		Clock: a.clock, Log: a.log, Access: a.Access, Accounts: a.Accounts, Once: a.Once, Counts: a.Counts, Visited: a.Presence.Record,
		Pictures: pictures, Version: version, Limits: api.Limits{PerAddress: a.config.AnonymousPerSec, SignIns: a.config.SignInsPerMin},
	}, areas...)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.Handle("GET /media/", a.media())
	mux.Handle("/", a.console(uiLimits{pictures, streams, uploads, a.config.BulkFileMiB << 20, a.config.SignInsPerMin, a.stopping}, a.serverPages()))
	return withRouteContext(httpx.Wrap(routeAPI(rest, mux), httpx.Options{
		Log: a.log, Clock: a.clock, Proxies: proxies, SkipLog: isProbe, Observe: a.metrics.Observe,
		Body: httpx.BodyLimits{Anonymous: a.config.AnonymousBody, Idle: a.config.BodyIdle},
	})), nil
}

// media serves pictures, and the images of messages at signed addresses.
func (a *App) media() http.Handler {
	images := a.Posts.ServeImage(func(r *http.Request) string {
		if credential := httpx.Credential(r); credential != "" {
			return credential
		}
		return ui.SessionOf(r)
	})
	return image.Handler(images, a.Pictures)
}

// routeAPI sends addresses of the API and its documents to rest. Unclean addresses
// of operations too: ServeMux would redirect those, which is not an API response
// and loses the body of an upload.
func routeAPI(rest, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(documents, r.URL.Path) || isOperation(r.URL.Path) || isOperation(path.Clean("/"+r.URL.Path)) {
			rest.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// documents are the pages and files about the API.
var documents = []string{"/openapi.json", "/openapi.yaml", "/docs/try", "/docs/start.js", "/docs/scalar.js"}

func isOperation(address string) bool {
	for _, root := range []string{"/v1", "/apis/v1"} {
		if address == root || strings.HasPrefix(address, root+"/") {
			return true
		}
	}
	return address == "/api/secureAuth"
}

// isProbe reports whether r is a frequent request of a machine, not worth logging.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" || strings.HasPrefix(r.URL.Path, "/assets/")
}

// withRouteContext adds a chi.Context in which the routers record the matched
// pattern, for metrics. HEAD requests are left out: the middleware that maps
// them to GET needs the context of its own router.
func withRouteContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, chi.NewRouteContext()))
		}
		next.ServeHTTP(w, r)
	})
}

// healthz reports that the process is alive.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // the client disconnected
}

// readyz responds 200 if all checks pass but the optional ones, else 503, with the
// result of each check. Error texts may contain addresses and are only logged.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	results := health.Run(r.Context(), readiness(a.checks(a.config, a.engineRunning.Load)))
	a.logCheckErrors(r.Context(), results)
	body := struct {
		Status string          `json:"status"`
		Checks []health.Result `json:"checks"`
		Nodes  []jobs.Node     `json:"nodes"` // empty without the database
	}{"ready", results, a.nodes(r.Context())}
	status := http.StatusOK
	if !health.IsReady(results) {
		body.Status, status = "not ready", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client disconnected
}

// nodes returns the nodes of the installation, none if the database does not answer.
func (a *App) nodes(ctx context.Context) []jobs.Node {
	limited, cancel := context.WithTimeout(ctx, health.Timeout)
	defer cancel()
	list, err := a.Jobs.Nodes(limited)
	if err != nil {
		return []jobs.Node{}
	}
	return list
}

func (a *App) logCheckErrors(ctx context.Context, results []health.Result) {
	for _, r := range results {
		switch {
		case r.Err == nil:
		case health.NoDatabase(r.Err):
			a.database.Failed(ctx, r.Err, "task", "health check", "check", r.Name)
		default:
			a.log.WarnContext(ctx, "health check failed", "check", r.Name, "error", r.Err.Error())
		}
	}
}
