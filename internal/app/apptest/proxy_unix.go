//go:build unix

package apptest

import "syscall"

// Freeze stops all traffic until Thaw, like a network that loses every packet:
// connections stay open, new ones have no answer, and neither side learns that the
// other closes one.
func (p *Proxy) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw continues the traffic. What was sent before and during the cut arrives.
func (p *Proxy) Thaw() { p.signal(syscall.SIGCONT) }

func (p *Proxy) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}
