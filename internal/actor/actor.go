// Package actor describes the party that a request or a command acts for, and
// the question whether it may.
package actor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// Kind is how an actor authenticated.
type Kind string

// Kinds of actors.
const (
	Anonymous    Kind = ""
	Session      Kind = "session"       // a signed-in person
	CommunityKey Kind = "community_key" // a program with an API key of one community
	UserKey      Kind = "user_key"      // a program with an API key of one person
	Command      Kind = "command"       // the command line of the server: allowed everything
	Open         Kind = "open"          // without a credential, in a community that takes open imports
	Automation   Kind = "automation"    // an automation of a community, which acts without permissions of its own
)

// Permission is a permission of an API key by its name on the wire, or a
// requirement that only package access knows.
type Permission string

// Permissions with a meaning of their own.
const (
	PermAll         Permission = "*"            // of a key: every permission but PermSignIn
	PermSignIn      Permission = "signIn"       // of a key: create sign-in links for members
	PermSessionOnly Permission = "be_signed_in" // an unlimited session; no key
)

// Grants reports whether a key with the permissions has need.
func Grants(has []Permission, need Permission) bool {
	return slices.Contains(has, need) || need != PermSignIn && need != PermSessionOnly && slices.Contains(has, PermAll)
}

// Actor is the caller of an operation. The zero Actor is anonymous.
type Actor struct {
	Kind              Kind
	AccountID         string       // of a session or of a person's key; "": a session of an unclaimed member
	MemberID          string       // of a session with OnlyCommunity: its member
	SessionID         string       // of a session
	SignedInAt        int64        // of a session: its start, Unix milliseconds
	KeyID             string       // of a key
	AutomationID      string       // of an automation
	CommunityID       string       // of a community key: its community
	CreatedBy         string       // of a community key: Ref of its creator
	LimitedBy         []string     // of a community key: Ref of the persons that also bound its secret
	CreatorIsOwner    bool         // of a community key: its creator owns the installation
	OnlyCommunity     string       // of a session that another system began: the only community it works in; "": everywhere
	Name              string       // username, or the name of the key or automation
	Permissions       []Permission // of a key
	Channels          []string     // of a person's key: the only channels it may act in; empty: all
	ExpiresAt         int64        // of a key, Unix milliseconds, 0: never
	Language          string       // of a person, a BCP 47 tag; "": none chosen
	InstallationOwner bool
	Cache             *Cache `json:"-"` // of the request; nil: none
}

// HasPermission reports whether the actor is a key with a permission.
func (a Actor) HasPermission(p Permission) bool { return Grants(a.Permissions, p) }

// InChannel reports whether the channels of the actor's key include a channel.
// Permissions in the channel are not checked.
func (a Actor) InChannel(channelID string) bool {
	return len(a.Channels) == 0 || slices.Contains(a.Channels, channelID)
}

// Ref names the actor in histories and in created_by: "account:<id>",
// "member:<id>" (a member without an account), "key:<id>", "automation:<id>",
// "command", "open", or "" for an anonymous actor.
func (a Actor) Ref() string {
	switch a.Kind {
	case Session:
		if a.AccountID == "" {
			return "member:" + a.MemberID
		}
		return "account:" + a.AccountID
	case CommunityKey, UserKey:
		return "key:" + a.KeyID
	case Automation:
		return "automation:" + a.AutomationID
	case Command, Open:
		return string(a.Kind)
	default:
		return ""
	}
}

// Principal names the party that answers for the actor, as Ref writes it: the
// person behind a session or a person's key, the creator of a community key. A
// key that the actor creates belongs to its principal, so it outlives the key
// that created it but not the rights of that person.
func (a Actor) Principal() string {
	switch {
	case a.Kind == UserKey:
		return "account:" + a.AccountID
	case a.Kind == CommunityKey && a.CreatedBy != "":
		return a.CreatedBy
	default:
		return a.Ref()
	}
}

// Uploader names the account that uploads and their processing count for: the
// principal, or the key itself if the command line or another key created it.
func (a Actor) Uploader() string {
	if principal := a.Principal(); strings.HasPrefix(principal, "account:") {
		return principal
	}
	return a.Ref()
}

// RequireUnlimited returns Forbidden "limited_session" for a session that works
// in one community only.
func (a Actor) RequireUnlimited() error {
	if a.OnlyCommunity != "" {
		return LimitedSession()
	}
	return nil
}

// RequireInstallationOwner returns Forbidden "owner_required" unless the actor is
// the command line or an unlimited session of the owner of the installation.
func (a Actor) RequireInstallationOwner() error {
	if a.Kind == Command || a.Kind == Session && a.InstallationOwner && a.OnlyCommunity == "" {
		return nil
	}
	return errs.New(errs.Forbidden, "owner_required", "Only the owner of the installation can do this.")
}

// LimitedSession is the error of a limited session outside of what it may do.
func LimitedSession() error {
	return errs.New(errs.Forbidden, "limited_session", "Another system started this session; it works in its community only. Sign in yourself to do this.")
}

// AuthenticationRequired is the error of an anonymous actor.
func AuthenticationRequired() error {
	return errs.New(errs.Unauthenticated, "authentication_required", "This needs a credential: send a session token or an API key.")
}

// SessionRequired is the error of a key where only a session may act.
func SessionRequired() error {
	return errs.New(errs.Forbidden, "session_required", "Sign in to do this; API keys cannot.")
}

// Cache stores what an Authorizer has loaded about an actor in one community, so
// that consecutive checks of a request load it once. It is safe for concurrent
// use.
type Cache struct {
	mu          sync.Mutex
	communityID string
	loaded      any
	expiresAt   int64 // Unix milliseconds
}

// cacheLifetime bounds the time until a lost permission ends a request whose body
// arrives slowly, or a stream.
const cacheLifetime = time.Second

// Cached returns the value for a community in c, or else loads and stores it. now
// is in Unix milliseconds; c may be nil.
func Cached[T any](c *Cache, communityID string, now int64, load func() (T, error)) (T, error) {
	if c == nil {
		return load()
	}
	if known, ok := c.value(communityID, now).(T); ok {
		return known, nil
	}
	loaded, err := load()
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.communityID, c.loaded, c.expiresAt = communityID, loaded, now+cacheLifetime.Milliseconds()
	}
	return loaded, err
}

// value returns the unexpired value for a community, or nil.
func (c *Cache) value(communityID string, now int64) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.communityID != communityID || c.expiresAt <= now {
		return nil
	}
	return c.loaded
}

type contextKey struct{}

// NewContext returns a context with the actor of a request, for handlers.
func NewContext(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// FromContext returns the actor of a request, anonymous if there is none. Only the
// frames of entry points call it; features get the actor as a parameter.
func FromContext(ctx context.Context) Actor {
	a, _ := ctx.Value(contextKey{}).(Actor)
	return a
}

// Authorizer checks permissions for packages below access, which implements it.
type Authorizer interface {
	// Can returns nil if an actor has a permission in a community, else Forbidden or
	// NotFound.
	Can(ctx context.Context, caller Actor, communityID string, need Permission) error
	// CanAny is Can for one of several permissions; it fails as for the first.
	CanAny(ctx context.Context, caller Actor, communityID string, needs ...Permission) error
}

// RequirePerson returns Forbidden "person_required" unless the actor is a person: a
// session or a user API key.
func (a Actor) RequirePerson() error {
	if a.Kind == Session || a.Kind == UserKey {
		return nil
	}
	return errs.New(errs.Forbidden, "person_required", "This needs a person. Use a session or a user API key instead of a community's key.")
}
