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

// hostPattern excludes the separators of the header that contains the origins:
// space, comma and semicolon.
var hostPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$`)

// FrameOrigin returns the origin of the address of an embeddable page, such as
// https://example.com:8443, without the default port. ok is false if the
// address is incomplete, contains credentials, or is not https; http is
// accepted for loopback addresses, for development.
func FrameOrigin(address string) (origin string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !text.Readable(address, maxAddress) || u.Opaque != "" || u.User != nil || strings.ContainsAny(address, " \\") {
		return "", false
	}
	name, scheme := strings.ToLower(u.Hostname()), strings.ToLower(u.Scheme)
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if !hostPattern.MatchString(name) || scheme != "https" && !(scheme == "http" && isLoopback(name)) {
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

func isLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && address.IsLoopback()
}

// normaliseOrigins normalises and deduplicates the origins.
func (s *Settings) normaliseOrigins() bool {
	all := []string{}
	for _, one := range s.AllowedFrameOrigins {
		origin, ok := FrameOrigin(strings.TrimSuffix(strings.TrimSpace(one), "/"))
		if !ok || !isBareOrigin(one) {
			return false
		}
		if !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	s.AllowedFrameOrigins = all
	return len(all) <= maxOrigins
}

// isBareOrigin reports whether an address is only an origin.
func isBareOrigin(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	return err == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}
