package httpx

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Connections bounds the connections of each network address. State is a
// http.Server.ConnState.
type Connections struct {
	most    int // 0: no limit
	proxies []netip.Prefix

	mu     sync.Mutex
	counts map[string]int
}

// NewConnections allows most connections from each address at a time, and any
// number from the proxies.
func NewConnections(most int, proxies []netip.Prefix) *Connections {
	return &Connections{most: most, proxies: proxies, counts: map[string]int{}}
}

// State closes a new connection beyond the limit.
func (c *Connections) State(conn net.Conn, state http.ConnState) {
	if c.most <= 0 || state != http.StateNew && state != http.StateClosed && state != http.StateHijacked {
		return
	}
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil || within(at.Addr().Unmap(), c.proxies) {
		return
	}
	if c.count(networkOf(at.Addr().Unmap()), state) {
		_ = conn.Close() // the server sees it at its first read
	}
}

// count reports whether a new connection is one too many. That one is counted
// too, until it is closed.
func (c *Connections) count(network string, state http.ConnState) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew {
		c.counts[network]++
		return c.counts[network] > c.most
	}
	if c.counts[network]--; c.counts[network] <= 0 {
		delete(c.counts, network)
	}
	return false
}
