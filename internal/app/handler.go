package app

import (
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/console"
	"github.com/regulars/regulars/internal/httpx"
)

// handler puts the ways in side by side: the API under its prefixes, the
// probes, and the console for everything else.
func (a *App) handler() (http.Handler, error) {
	proxies, err := a.config.proxies()
	if err != nil {
		return nil, err
	}
	pictures := httpx.NewLimit(a.clock, a.config.PicturesPerMin, time.Minute) // of both ways in together
	streams := httpx.NewStreams(a.config.StreamsPerOwner, a.config.Streams, a.config.StreamCheck)
	uploads := httpx.NewUploads(a.config.uploadLimits())
	rest := api.New(api.Deps{
		Clock: a.clock, Log: a.log, Access: a.Access, Accounts: a.Accounts, Communities: a.Communities, Fields: a.Fields, Members: a.Members, Chat: a.Chat, Bulk: a.Bulk, Once: a.Once, Files: a.Files, Counts: a.Counts,
		Version: version, Stopping: a.stopping, Pictures: pictures, Streams: streams, Uploads: uploads,
		Limits: api.Limits{
			PerAddress: a.config.AnonymousPerSec, SignIns: a.config.SignInsPerMin, OpenUploadsHourly: a.config.OpenImports,
			OpenUploadBytes: a.config.OpenImportMiB << 20, UploadBytes: a.config.BulkFileMiB << 20,
		},
	})
	pages := console.New(console.Deps{
		DB: a.DB, Access: a.Access, Accounts: a.Accounts, Communities: a.Communities, Fields: a.Fields, Members: a.Members, Chat: a.Chat, Bulk: a.Bulk, Mail: a.Mail, Jobs: a.Jobs, Files: a.Files,
		Clock: a.clock, Log: a.log, UploadBytes: a.config.BulkFileMiB << 20, Stopping: a.stopping,
		SignIns: a.config.SignInsPerMin, Counts: a.Counts, Pictures: pictures, Streams: streams, Uploads: uploads,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.Handle("GET /media/", a.Pictures)
	mux.Handle("/", pages)
	return noteRoute(httpx.Wrap(beside(rest, mux), httpx.Options{
		Log: a.log, Clock: a.clock, Proxies: proxies, SkipLog: isProbe, Observe: a.metrics.observe,
		Body: httpx.BodyLimits{Anonymous: a.config.AnonymousBody, Idle: a.config.BodyIdle},
	})), nil
}

// beside gives rest the addresses of the API, also those that are not clean:
// the router of the others would answer them with a redirect, which is no
// answer of the API and would lose the body of an upload.
func beside(rest, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) || isAPI(path.Clean("/"+r.URL.Path)) {
			rest.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

func isAPI(address string) bool {
	for _, root := range []string{"/v1", "/apis/v1", "/docs"} {
		if address == root || strings.HasPrefix(address, root+"/") {
			return true
		}
	}
	return address == "/api/secureAuth" || address == "/openapi.json" || address == "/openapi.yaml"
}

// isProbe are the requests that machines send every few seconds.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" || strings.HasPrefix(r.URL.Path, "/assets/")
}

// noteRoute gives a request a place where the routers write which pattern it
// matched, so that metrics can name it. A HEAD request has none: it is looked
// up as a GET by a middleware that needs the router's own.
func noteRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			r = r.WithContext(withRouteContext(r.Context(), chi.NewRouteContext()))
		}
		next.ServeHTTP(w, r)
	})
}
