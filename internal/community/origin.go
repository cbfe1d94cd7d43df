package community

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/text"
)

const (
	maxOrigins = 50
	maxAddress = 2000
)

// What a host may consist of: it goes into a header, where a space, a comma or
// a semicolon would begin something else.
var host = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$`)

// FrameOrigin returns the origin of an address that a page may show inside
// itself, as in https://example.com:8443, without the usual port. ok is false
// where the address is not whole, names a user or password, or is not https;
// http is taken for addresses of this machine itself, where a page is made.
func FrameOrigin(address string) (origin string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !text.Readable(address, maxAddress) || u.Opaque != "" || u.User != nil || strings.ContainsAny(address, " \\") {
		return "", false
	}
	name, scheme := strings.ToLower(u.Hostname()), strings.ToLower(u.Scheme)
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if !host.MatchString(name) || scheme != "https" && !(scheme == "http" && loopback(name)) {
		return "", false
	}
	port := u.Port()
	if port == "" && strings.HasSuffix(u.Host, ":") {
		return "", false
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + name, true
	}
	return scheme + "://" + name + ":" + port, true
}

func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && address.IsLoopback()
}

// normaliseOrigins keeps each origin once, as FrameOrigin writes it.
func (s *Settings) normaliseOrigins() bool {
	all := []string{}
	for _, one := range s.AllowedFrameOrigins {
		origin, ok := FrameOrigin(strings.TrimSuffix(strings.TrimSpace(one), "/"))
		if !ok || !bare(one) {
			return false
		}
		if !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	s.AllowedFrameOrigins = all
	return len(all) <= maxOrigins
}

// bare reports whether an address has nothing after its origin.
func bare(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	return err == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}
