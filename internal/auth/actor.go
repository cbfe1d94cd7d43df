package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/sqldb"
)

// Kind says how an actor proved who it is.
type Kind string

// The kinds of actors.
const (
	Anonymous    Kind = ""
	Session      Kind = "session"       // a person who signed in
	CommunityKey Kind = "community_key" // a program with an API key of one community
	UserKey      Kind = "user_key"      // a program with an API key of one person
	Command      Kind = "command"       // somebody at the machine itself: may everything
	Open         Kind = "open"          // nobody, where a community takes imports from anybody
)

// Actor is whoever asks for something. The zero Actor is nobody.
type Actor struct {
	Kind              Kind
	AccountID         string       // of a session, or of the person whose key it is; "": a session of an unclaimed member
	MemberID          string       // of a session with OnlyCommunity: the member whose it is
	SessionID         string       // of a session
	SignedInAt        int64        // of a session: its start, Unix milliseconds
	KeyID             string       // of a key
	CommunityID       string       // the only community of a community key
	MadeBy            string       // of a community key: Key.CreatedBy
	BoundBy           []string     // of a community key: Key.BoundBy of its secret
	MadeByInstaller   bool         // of a community key: who made it runs the installation
	OnlyCommunity     string       // of a session that another system began: it works there and nowhere else; "": everywhere
	Name              string       // username, or the name of the key
	Permissions       []Permission // of a key
	Channels          []string     // of a person's key: the only channels it may act in; empty: all
	ExpiresAt         int64        // of a key, Unix milliseconds, 0: never
	Language          string       // that a person has chosen, a BCP 47 tag; "": none
	InstallationOwner bool
}

// InChannel reports whether the actor's key is for a channel at all; what the
// actor may do there is another question.
func (a Actor) InChannel(channelID string) bool {
	return len(a.Channels) == 0 || slices.Contains(a.Channels, channelID)
}

// Ref names the actor in histories and in created_by: "account:<id>",
// "member:<id>" (a member without an account), "key:<id>", "command", "open",
// or "" for nobody.
func (a Actor) Ref() string {
	switch a.Kind {
	case Session:
		if a.AccountID == "" {
			return "member:" + a.MemberID
		}
		return "account:" + a.AccountID
	case CommunityKey, UserKey:
		return "key:" + a.KeyID
	case Command, Open:
		return string(a.Kind)
	default:
		return ""
	}
}

// Uploader names the account that uploads and the work on them count for: that
// of the person or of the creator of a community key. A key that the command
// line or another key created counts for itself.
func (a Actor) Uploader() string {
	if account := a.maker(); strings.HasPrefix(account, "account:") {
		return account
	}
	return a.Ref()
}

// Account names the account that the actor's acts count for: that of the person
// or of the creator of a community key, as Ref writes it.
func (a Actor) Account() string { return a.maker() }

type actorKey struct{}

// WithActor returns a context that carries the actor of a request.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the actor that ctx carries, or nobody.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Note writes into the audit log, in the caller's transaction, what the actor
// that ctx carries did. action is noun.verb, and the noun the target's type;
// now is in Unix milliseconds.
func Note(ctx context.Context, tx *sqldb.Tx, now int64, communityID, action string, target audit.Target, changes ...audit.Change) error {
	actor := ActorOf(ctx)
	return audit.Append(ctx, tx, audit.Entry{
		CommunityID: communityID, At: now, Actor: actor.Ref(), ActorName: actor.Name, Action: action, Target: target, Changes: changes,
	})
}
