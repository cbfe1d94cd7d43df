package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/httpx"
)

var limitHeaders = []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}

// limitSignIns counts an attempt for the address it comes from, then for the
// name in its body, whether there is such an account or not. The
// headers tell of the one that is nearer to its end.
func (a *API) limitSignIns(rt *route, w http.ResponseWriter, r *http.Request, body []byte) error {
	if err := a.signIns.Take(w, r, httpx.Network(r)); err != nil {
		return err
	}
	var named struct{ EmailOrUsername, Email string }
	_ = json.Unmarshal(body, &named) // what is wrong in it is told later
	login := cmp.Or(named.EmailOrUsername, named.Email)
	if login == "" || a.signInsOf == nil {
		return nil
	}
	left, before := remaining(w.Header()), w.Header().Clone()
	if err := a.signInsOf.Take(w, r, auth.LimitSubject(rt.name, login)); err != nil {
		return err
	}
	if left < remaining(w.Header()) {
		for _, name := range limitHeaders {
			w.Header()[http.CanonicalHeaderKey(name)] = before.Values(name)
		}
	}
	return nil
}

func remaining(h http.Header) int {
	n, err := strconv.Atoi(h.Get("RateLimit-Remaining"))
	if err != nil {
		return 1 << 30 // no limit was taken
	}
	return n
}
