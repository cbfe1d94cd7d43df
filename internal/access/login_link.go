package access

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// memberLinkLifetime is how long another system has to send the member on.
const memberLinkLifetime = 5 * time.Minute

// maxHost bounds what a system may call itself, in bytes.
const maxHost = 253

// LoginLink is where another system sends a member to be signed in.
type LoginLink struct {
	URL       string // works once
	SessionID string // of the session that will begin there
	ExpiresAt int64  // Unix milliseconds
}

// LoginLink makes a link that signs a member of the key's community in, once,
// within five minutes. The session works in that community only. host is what
// the other system calls itself, kept to be shown to the member. It fails as
// MaySignIn does, with NotFound "user_not_found", or Forbidden
// "limited_session" for a member who has a server permission or owns the
// community.
func (a *Access) LoginLink(ctx context.Context, caller actor.Actor, memberID, host string) (LoginLink, error) {
	if err := a.MaySignIn(ctx, caller); err != nil {
		return LoginLink{}, err
	}
	token, now := account.NewToken(), a.clock.Now()
	l := account.Link{
		TokenHash: account.HashToken(token), Purpose: account.LinkMember, MemberID: memberID, SessionID: id.New(now),
		CommunityID: caller.CommunityID, KeyID: caller.KeyID, Host: account.Printable(host[:min(len(host), maxHost)]),
		CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(memberLinkLifetime).UnixMilli(),
	}
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		who, err := a.mayBeLimited(ctx, tx, l)
		if err != nil {
			return err
		}
		if err := account.InsertLink(ctx, tx, l); err != nil {
			return err
		}
		// By whose it is: with them the entry loses the name.
		target := audit.Target{Type: "session", ID: l.MemberID, Name: who.Username}
		return audit.Record(actor.NewContext(ctx, caller), tx, l.CreatedAt, l.CommunityID, "session.link", target,
			audit.Change{Field: "sessionId", New: l.SessionID}, audit.Change{Field: "host", New: l.Host})
	})
	if err != nil {
		return LoginLink{}, err
	}
	return LoginLink{URL: account.LinkURL(a.baseURL(), account.LinkPage, token), SessionID: l.SessionID, ExpiresAt: l.ExpiresAt}, nil
}

// MaySignIn returns nil when the actor may make login links. It fails as Can
// does for SignIn, or with Forbidden "key_required" for whoever is no key.
func (a *Access) MaySignIn(ctx context.Context, caller actor.Actor) error {
	if caller.Kind != actor.CommunityKey {
		return errs.New(errs.Forbidden, "key_required", "Only an API key of a community signs its members in.")
	}
	return a.Can(ctx, caller, caller.CommunityID, actor.PermSignIn)
}

// mayBeLimited returns the member of a link if another system may begin a
// session for them.
func (a *Access) mayBeLimited(ctx context.Context, q sqldb.Querier, l account.Link) (Membership, error) {
	standing, err := a.memberships.ByMember(ctx, q, l.CommunityID, l.MemberID)
	actor := actor.Actor{Kind: actor.Session, AccountID: standing.AccountID, MemberID: l.MemberID, OnlyCommunity: l.CommunityID}
	if err == nil && standing.AccountID != "" {
		var acct account.Account
		acct, err = account.LoadAccount(ctx, q, standing.AccountID)
		actor.InstallationOwner = acct.InstallationOwner
	}
	if err == nil {
		_, err = a.rightsOf(ctx, q, actor, l.CommunityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		err = errs.New(errs.NotFound, "user_not_found", "There is no such user in this community.")
	case errs.Is(err, "limited_session"):
		err = errs.New(errs.Forbidden, "limited_session", "This member may do things in the whole community, and is not signed in by another system. They sign in themselves.")
	}
	return standing, err
}

// LimitedSessions returns the account.LimitSession of a key's sign-in links.
func LimitedSessions(standings Memberships, c clock.Clock) account.LimitSession {
	a := &Access{memberships: standings, clock: c}
	return func(ctx context.Context, tx *sqldb.Tx, l account.Link) (acct account.Account, err error) {
		if err := a.keySignsIn(ctx, tx, l); err != nil {
			return acct, err
		}
		who, err := a.mayBeLimited(ctx, tx, l)
		if err != nil || who.AccountID == "" {
			return acct, err
		}
		return account.LoadAccount(ctx, tx, who.AccountID)
	}
}

// keySignsIn returns Gone "link_expired" unless the key that made the link may
// still sign members in: it works, and its creator may do what it does.
func (a *Access) keySignsIn(ctx context.Context, q sqldb.Querier, l account.Link) error {
	if l.KeyID == "" { // made before links named their key
		return nil
	}
	now := a.clock.MS()
	power, err := PowerOfRef(ctx, q, a.memberships, actor.Actor{Kind: actor.CommunityKey, KeyID: l.KeyID}.Ref(), l.CommunityID, now)
	if err == nil && !power.May(actor.PermSignIn, now) {
		err = account.LinkExpired()
	}
	return err
}
