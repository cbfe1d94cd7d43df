package httpx

import (
	"net/http"
	"net/netip"
	"strings"
)

// Credential returns the token of Authorization: Bearer, else the key of
// X-Api-Key, else "".
func Credential(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") && strings.TrimSpace(token) != "" {
		return strings.TrimSpace(token)
	}
	if key := strings.TrimSpace(r.Header.Get("X-Api-Key")); key != "" {
		return key
	}
	if r.Header.Get("Authorization") != "" {
		return malformedCredential
	}
	return ""
}

// malformedCredential replaces a credential of an unsupported form, so that the
// request counts as one with an invalid credential and not as one without.
const malformedCredential = "-"

// Address returns the client's IP address as resolved by Wrap, "" if unknown.
func Address(r *http.Request) string {
	addr := remoteAddr(r)
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// Network returns the prefix that limits count by, usually one customer of a
// provider: the IPv4 address, or the first 64 bits of the IPv6 address.
func Network(r *http.Request) string { return networkOf(remoteAddr(r)) }

// NetworkOf is Network for an address, "" if it is no address.
func NetworkOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return networkOf(addr)
}

func networkOf(addr netip.Addr) string {
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		return prefixOf(addr, 64)
	}
	return addr.String()
}

// AddressPrefix returns the first bits of an IPv4 or IPv6 address as a network,
// "" if it is no address.
func AddressPrefix(address string, bits4, bits6 int) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return prefixOf(addr, bits4)
	}
	return prefixOf(addr, bits6)
}

func prefixOf(addr netip.Addr, bits int) string {
	return netip.PrefixFrom(addr, bits).Masked().String()
}

func remoteAddr(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, _ := netip.ParseAddr(r.RemoteAddr)
	return addr.Unmap().WithZone("")
}

// resolveClient replaces r.RemoteAddr by the address behind trusted proxies, and
// reports whether the client reached such a proxy over HTTPS. It reads
// X-Forwarded-For from the end, because only the last entries are written by
// trusted proxies.
func resolveClient(r *http.Request, proxies []netip.Prefix) (secure bool) {
	if !containsAddr(proxies, remoteAddr(r)) {
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
		if !containsAddr(proxies, addr.Unmap()) {
			break
		}
	}
	return secure
}

func containsAddr(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if addr.IsValid() && n.Contains(addr) {
			return true
		}
	}
	return false
}
