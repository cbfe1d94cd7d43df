// Package safehttp requests addresses that others have entered. It connects to public
// servers only, whatever their names resolve to, follows few redirects, and bounds time
// and size.
package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// Options configure a Client. Tests need them; the zero value is for servers.
type Options struct {
	// Resolve returns the addresses of a host; nil: as the system does.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Loopback allows loopback addresses, also by http.
	Loopback bool
	Roots    *x509.CertPool // nil: those of the system
	Timeout  time.Duration  // of a request with its redirects and its body; 0: 10 seconds
}

const (
	defaultTimeout = 10 * time.Second
	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
)

// Client requests addresses. It is safe for concurrent use.
type Client struct {
	o    Options
	http http.Client
}

// New returns a Client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	c := &Client{o: o}
	c.http = http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: c.dial, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			DisableCompression:     true, // a small body could expand
			DisableKeepAlives:      true, // each request resolves and checks its host
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return c.check(r.URL)
		},
	}
	return c
}

// Get returns the body of an address, of at most limit bytes. It fails with Invalid
// "address_not_allowed" for an address that is not public, also behind a redirect, and
// "fetch_failed" if there is no answer with status 200 within the limits.
func (c *Client) Get(ctx context.Context, address string, limit int64) ([]byte, error) {
	if err := c.Check(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, notAllowed()
	}
	request.Header.Set("User-Agent", "Regulars")
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to the end or given up
	if answer.StatusCode != http.StatusOK {
		return nil, errs.New(errs.Invalid, "fetch_failed", "The server of the address responded with status %d. Check the address.", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, failed(err)
	}
	if int64(len(body)) > limit {
		return nil, errs.New(errs.Invalid, "fetch_failed", "The file of the address has more than %d MiB.", limit>>20)
	}
	return body, nil
}

func failed(err error) error {
	if e := errs.From(err); e != nil {
		return e
	}
	return errs.New(errs.Invalid, "fetch_failed", "The address cannot be read. Check it, and try again later.").Because(err)
}

// dial connects to one of the addresses of a host. All of them must be allowed.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		if !c.allows(one) {
			return nil, inside()
		}
	}
	dialer := net.Dialer{Control: c.control}
	var last error
	for _, one := range found {
		connection, err := dialer.DialContext(ctx, network, net.JoinHostPort(one.String(), port))
		if err == nil {
			return connection, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	found, err := c.o.Resolve(ctx, host)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no address of %s", host)
	}
	return found, err
}

// control checks the address of a socket before it connects.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !c.allows(at.Addr()) {
		return inside()
	}
	return nil
}
