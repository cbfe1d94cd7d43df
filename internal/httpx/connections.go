package httpx

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// ConnectionLimit bounds the open connections of each network.
type ConnectionLimit struct {
	max     int // 0: no limit
	proxies []netip.Prefix

	mu     sync.Mutex
	counts map[string]int
}

// NewConnectionLimit allows limit connections of each network; proxies are exempt.
func NewConnectionLimit(limit int, proxies []netip.Prefix) *ConnectionLimit {
	return &ConnectionLimit{max: limit, proxies: proxies, counts: map[string]int{}}
}

// ConnState is an http.Server.ConnState that closes a new connection over the
// limit.
func (c *ConnectionLimit) ConnState(conn net.Conn, state http.ConnState) {
	if c.max <= 0 || state != http.StateNew && state != http.StateClosed && state != http.StateHijacked {
		return
	}
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil || containsAddr(c.proxies, at.Addr().Unmap()) {
		return
	}
	if c.count(networkOf(at.Addr().Unmap()), state) {
		_ = conn.Close() // the first read of the server fails
	}
}

// count updates the counter and reports whether a new connection is over the
// limit. Such a connection counts until it is closed.
func (c *ConnectionLimit) count(network string, state http.ConnState) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew {
		c.counts[network]++
		return c.counts[network] > c.max
	}
	if c.counts[network]--; c.counts[network] <= 0 {
		delete(c.counts, network)
	}
	return false
}
