package auth

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
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
func (a *Auth) LoginLink(ctx context.Context, caller actor.Actor, memberID, host string) (LoginLink, error) {
	if err := a.MaySignIn(ctx, caller); err != nil {
		return LoginLink{}, err
	}
	token, now := newSecret(), a.clock.Now()
	l := link{
		tokenHash: hashSecret(token), purpose: linkMember, memberID: memberID, sessionID: id.New(now),
		communityID: caller.CommunityID, keyID: caller.KeyID, host: printable(host[:min(len(host), maxHost)]),
		createdAt: now.UnixMilli(), expiresAt: now.Add(memberLinkLifetime).UnixMilli(),
	}
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		who, err := a.mayBeLimited(ctx, tx, l)
		if err != nil {
			return err
		}
		if err := insertLink(ctx, tx, l); err != nil {
			return err
		}
		// By whose it is: with them the entry loses the name.
		target := audit.Target{Type: "session", ID: l.memberID, Name: who.Username}
		return Note(actor.NewContext(ctx, caller), tx, l.createdAt, l.communityID, "session.link", target,
			audit.Change{Field: "sessionId", New: l.sessionID}, audit.Change{Field: "host", New: l.host})
	})
	if err != nil {
		return LoginLink{}, err
	}
	return LoginLink{URL: a.link(LinkPage, token), SessionID: l.sessionID, ExpiresAt: l.expiresAt}, nil
}

// MaySignIn returns nil when the actor may make login links. It fails as Can
// does for SignIn, or with Forbidden "key_required" for whoever is no key.
func (a *Auth) MaySignIn(ctx context.Context, caller actor.Actor) error {
	if caller.Kind != actor.CommunityKey {
		return errs.New(errs.Forbidden, "key_required", "Only an API key of a community signs its members in.")
	}
	return a.Can(ctx, caller, caller.CommunityID, actor.PermSignIn)
}

// mayBeLimited returns the member of a link if another system may begin a
// session for them.
func (a *Auth) mayBeLimited(ctx context.Context, q sqldb.Querier, l link) (Standing, error) {
	standing, err := a.standings.MemberStanding(ctx, q, l.communityID, l.memberID)
	actor := actor.Actor{Kind: actor.Session, AccountID: standing.AccountID, MemberID: l.memberID, OnlyCommunity: l.communityID}
	if err == nil && standing.AccountID != "" {
		var account Account
		account, err = loadAccount(ctx, q, standing.AccountID)
		actor.InstallationOwner = account.InstallationOwner
	}
	if err == nil {
		_, err = a.rightsOf(ctx, q, actor, l.communityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		err = errs.New(errs.NotFound, "user_not_found", "There is no such user in this community.")
	case errs.Is(err, "limited_session"):
		err = errs.New(errs.Forbidden, "limited_session", "This member may do things in the whole community, and is not signed in by another system. They sign in themselves.")
	}
	return standing, err
}

// startLimited begins the session of a link for a member. That is no sign-in
// of the account, which its owner would take for their own, and claims nothing.
// It returns the account of a claimed member.
func (a *Auth) startLimited(ctx context.Context, tx *sqldb.Tx, l link, info SessionInfo) (string, Account, error) {
	if err := a.keySignsIn(ctx, tx, l); err != nil {
		return "", Account{}, err
	}
	who, err := a.mayBeLimited(ctx, tx, l)
	if err != nil {
		return "", Account{}, err
	}
	var account Account
	if who.AccountID != "" {
		if account, err = loadAccount(ctx, tx, who.AccountID); err != nil {
			return "", Account{}, err
		}
	}
	token := sessionPrefix + newSecret()
	err = a.keepSession(ctx, tx, session{
		id: l.sessionID, tokenHash: hashSecret(token), accountID: who.AccountID, communityID: l.communityID, memberID: l.memberID, host: l.host, keyID: l.keyID, info: info,
	})
	return token, account, err
}

// keySignsIn returns Gone "link_expired" unless the key that made the link may
// still sign members in: it works, and its creator may do what it does.
func (a *Auth) keySignsIn(ctx context.Context, q sqldb.Querier, l link) error {
	if l.keyID == "" { // made before links named their key
		return nil
	}
	now := a.clock.MS()
	power, err := PowerOfRef(ctx, q, a.standings, actor.Actor{Kind: actor.CommunityKey, KeyID: l.keyID}.Ref(), l.communityID, now)
	if err == nil && !power.May(actor.PermSignIn, now) {
		err = linkExpired()
	}
	return err
}
