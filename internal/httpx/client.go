package httpx

import (
	"net/http"
	"net/netip"
	"strings"
)

// Credential is the token or key a request carries, "" when there is none:
// Authorization: Bearer <token>, or x-api-key: <key>. The first wins.
func Credential(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") && strings.TrimSpace(token) != "" {
		return strings.TrimSpace(token)
	}
	if key := strings.TrimSpace(r.Header.Get("X-Api-Key")); key != "" {
		return key
	}
	if r.Header.Get("Authorization") != "" {
		return unreadable
	}
	return ""
}

// unreadable stands for a credential in a form that is not ours: such a
// request has a wrong credential, not none.
const unreadable = "-"

// Address is the client's IP address as Wrap resolved it, "" when unknown.
func Address(r *http.Request) string {
	addr := remoteAddr(r)
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// Network is the part of the client's address that belongs to one customer of
// a provider: the address itself in IPv4, the first 64 bits in IPv6. Limits
// count by it.
func Network(r *http.Request) string { return networkOf(remoteAddr(r)) }

func networkOf(addr netip.Addr) string {
	addr = addr.WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

func remoteAddr(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, _ := netip.ParseAddr(r.RemoteAddr)
	return addr.Unmap().WithZone("")
}

// resolveClient replaces r.RemoteAddr by the address behind proxies that are
// believed, and reports whether such a proxy was reached over HTTPS. The
// header is read from its end: only the last entries were written by them.
func resolveClient(r *http.Request, proxies []netip.Prefix) (secure bool) {
	if !within(remoteAddr(r), proxies) {
		return false
	}
	secure = strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		r.RemoteAddr = netip.AddrPortFrom(addr.Unmap(), 0).String()
		if !within(addr.Unmap(), proxies) {
			break
		}
	}
	return secure
}

func within(addr netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if addr.IsValid() && n.Contains(addr) {
			return true
		}
	}
	return false
}
