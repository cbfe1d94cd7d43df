package media

import (
	"net/http"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/httpx"
)

// ServeHTTP answers GET Path. A picture never changes under its address, and
// needs no credential: its id is random, and pages of other sites show it.
func (l *Library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	communityID, pictureID, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/media/"), "/")
	p, file, err := l.Open(r.Context(), communityID, pictureID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	defer func() { _ = file.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Type", p.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+p.ID+`"`)
	http.ServeContent(w, r, "", time.UnixMilli(p.CreatedAt), file)
}
