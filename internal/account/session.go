package account

import "github.com/regulars/regulars/internal/actor"

// SessionInfo describes the client of a session.
type SessionInfo struct {
	UserAgent  string
	Address    string // network address without port
	Device     string // cookie of RememberDevice, "": none
	LimitError error  // Limited: returned unless a known client sends the correct password
}

// Proof re-authenticates a signed-in person before a change of sign-in methods:
// by password or two-factor code. The zero Proof is valid for ten minutes after
// a sign-in.
type Proof struct {
	Password, Code string
	Address        string // network address; counts failures too
}

// RequireSession returns nil for a person with a full session. It fails with
// Unauthenticated "authentication_required", or Forbidden "session_required"
// or "limited_session".
func RequireSession(caller actor.Actor) error {
	switch {
	case caller.Kind == actor.Anonymous:
		return actor.AuthenticationRequired()
	case caller.Kind != actor.Session:
		return actor.SessionRequired()
	case caller.OnlyCommunity != "":
		return actor.LimitedSession()
	}
	return nil
}
