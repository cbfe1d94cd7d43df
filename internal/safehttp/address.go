package safehttp

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// reserved are the networks inside the global ones that are not for public servers.
// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // metadata of a provider
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, one := range list {
		parsed[i] = netip.MustParsePrefix(one)
	}
	return parsed
}

// isPublic reports whether an address belongs to the public internet. An address that
// contains another one, such as an IPv4-mapped one, is public if that one is.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" {
		return false
	}
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is6() && !globalIPv6.Contains(a) {
		return false
	}
	for _, one := range reserved {
		if one.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

const (
	httpsPort     = 443
	firstUserPort = 1024
	maxAddress    = 2048
)

// Check checks the form of an address: https, a host, no name or password, port 443 or
// a port from 1024 on. It fails with Invalid "address_not_allowed". The host is
// resolved and checked by each request.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress {
		return notAllowed()
	}
	return c.check(u)
}

func (c *Client) check(u *url.URL) error {
	host := strings.TrimSuffix(u.Hostname(), ".")
	secure := u.Scheme == "https" || u.Scheme == "http" && c.o.Loopback && isLoopback(host)
	if !secure || host == "" || u.User != nil || !isOpenPort(u.Port()) {
		return notAllowed()
	}
	if ip, err := netip.ParseAddr(host); err == nil && !c.allows(ip) {
		return inside()
	}
	return nil
}

// isOpenPort reports whether a port, "" for that of https, is none of mail, shells and
// similar services.
func isOpenPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && (n == httpsPort || n >= firstUserPort)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// allows reports whether the client connects to an address.
func (c *Client) allows(a netip.Addr) bool {
	return isPublic(a) || c.o.Loopback && a.Unmap().IsLoopback()
}

func notAllowed() error {
	return errs.New(errs.Invalid, "address_not_allowed", "An address begins with https://, has no name and no password, and has port 443 or a port from %d on.", firstUserPort)
}

func inside() error {
	return errs.New(errs.Invalid, "address_not_allowed", "The address leads to a private or reserved network. Use the address of a public server.")
}
