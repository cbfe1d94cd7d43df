package ui

import (
	"net/http"
	"strings"
)

// ContentPolicy restricts pages to resources of this server. Inline scripts and
// styles are blocked, so that injected markup stays harmless.
const ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// withPolicy sets the policy of pages. Their pictures may also be at an origin; "": none.
func withPolicy(next http.Handler, pictures string) http.Handler {
	policy := ContentPolicy
	if pictures != "" {
		policy = strings.Replace(policy, "img-src 'self'", "img-src 'self' "+pictures, 1)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
