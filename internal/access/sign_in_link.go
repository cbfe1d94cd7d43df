package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// signInLinkLifetime is the time that another system has to redirect the member.
const signInLinkLifetime = 5 * time.Minute

// maxHost limits the name of another system, in bytes.
const maxHost = 253

// SignInLink is a one-time link that signs in a member sent by another system.
type SignInLink struct {
	URL       string // works once
	SessionID string // of the session that the link will start
	ExpiresAt int64  // Unix milliseconds
}

// CreateSignInLink creates a link that signs in a member of the key's community,
// once, within five minutes. The session works in that community only. host is
// the name that the other system gives itself, shown to the member. It fails as
// CanCreateSignInLink does, with NotFound "user_not_found", or Forbidden
// "limited_session" for a member with a server permission and for an owner.
func (a *Access) CreateSignInLink(ctx context.Context, caller actor.Actor, memberID, host string) (SignInLink, error) {
	if err := a.CanCreateSignInLink(ctx, caller); err != nil {
		return SignInLink{}, err
	}
	token, now := account.NewToken(), a.clock.Now()
	l := link.Link{
		TokenHash: account.HashToken(token), Purpose: link.Member, MemberID: memberID, SessionID: id.New(now),
		CommunityID: caller.CommunityID, KeyID: caller.KeyID, Host: text.Printable(host[:min(len(host), maxHost)]),
		CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(signInLinkLifetime).UnixMilli(),
	}
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		member, err := a.limitedMember(ctx, tx, l)
		if err != nil {
			return err
		}
		if err := link.Insert(ctx, tx, l); err != nil {
			return err
		}
		// Targets the member, so that its erasure removes the name.
		target := audit.Target{Type: "session", ID: l.MemberID, Name: member.Username}
		return audit.Record(ctx, tx, caller, l.CreatedAt, l.CommunityID, "session.link", target,
			audit.Change{Field: "sessionId", New: l.SessionID}, audit.Change{Field: "host", New: l.Host})
	})
	if err != nil {
		return SignInLink{}, err
	}
	return SignInLink{URL: link.URL(a.baseURL(), link.LinkPage, token), SessionID: l.SessionID, ExpiresAt: l.ExpiresAt}, nil
}

// CanCreateSignInLink returns nil if the actor may create sign-in links. It
// fails as Can does for actor.PermSignIn, or with Forbidden "key_required" for
// other actors than keys.
func (a *Access) CanCreateSignInLink(ctx context.Context, caller actor.Actor) error {
	if caller.Kind != actor.CommunityKey {
		return errs.New(errs.Forbidden, "key_required", "Only a community's API key can sign in members. Use one to create sign-in links.")
	}
	return a.Can(ctx, caller, caller.CommunityID, actor.PermSignIn)
}

// limitedMember returns the member of a link if another system may start a
// session for it.
func (a *Access) limitedMember(ctx context.Context, q sqldb.Querier, l link.Link) (Membership, error) {
	membership, err := a.memberships.ByMember(ctx, q, l.CommunityID, l.MemberID)
	caller := actor.Actor{Kind: actor.Session, AccountID: membership.AccountID, MemberID: l.MemberID, OnlyCommunity: l.CommunityID}
	if err == nil && membership.AccountID != "" {
		var acct account.Account
		acct, err = account.LoadAccount(ctx, q, membership.AccountID)
		caller.InstallationOwner = acct.InstallationOwner
	}
	if err == nil {
		_, err = a.activeGrants(ctx, q, caller, l.CommunityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		err = errs.New(errs.NotFound, "user_not_found", "User not found in this community.")
	case errs.Is(err, "limited_session"):
		err = errs.New(errs.Forbidden, "limited_session", "This member has permissions in the whole community, so another system cannot sign them in. They must sign in themselves.")
	}
	return membership, err
}

// LimitedSessions returns the account.LimitSession of a key's sign-in links.
func LimitedSessions(memberships Memberships, c clock.Clock) signin.LimitSession {
	a := &Access{memberships: memberships, clock: c}
	return func(ctx context.Context, tx *sqldb.Tx, l link.Link) (acct account.Account, err error) {
		if err := a.requireKeySignsIn(ctx, tx, l); err != nil {
			return acct, err
		}
		member, err := a.limitedMember(ctx, tx, l)
		if err != nil || member.AccountID == "" {
			return acct, err
		}
		return account.LoadAccount(ctx, tx, member.AccountID)
	}
}

// requireKeySignsIn returns Gone "link_expired" unless the key that created the
// link works and still has actor.PermSignIn.
func (a *Access) requireKeySignsIn(ctx context.Context, q sqldb.Querier, l link.Link) error {
	if l.KeyID == "" { // created before links stored their key
		return nil
	}
	now := a.clock.MS()
	authority, err := AuthorityOfRef(ctx, q, a.memberships, actor.Actor{Kind: actor.CommunityKey, KeyID: l.KeyID}.Ref(), l.CommunityID, now)
	if err == nil && !authority.Allows(actor.PermSignIn, now) {
		err = link.Expired()
	}
	return err
}

// EndSessionsIn ends, in the caller's transaction, the sessions that other
// systems started in a community for members, the links to such sessions, and
// the sessions that API keys of these members started. Sessions of the members'
// own accounts continue: Can rejects them in communities of others. accountIDs
// are those of the claimed members.
func EndSessionsIn(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, accountIDs []string) error {
	if len(memberIDs) == 0 {
		return nil
	}
	if err := session.DeleteOfMembers(ctx, tx, communityID, memberIDs); err != nil || len(accountIDs) == 0 {
		return err
	}
	keys, err := listKeys(ctx, tx, communityID)
	if err != nil {
		return err
	}
	accounts, created := map[string]bool{}, []string{}
	for _, accountID := range accountIDs {
		accounts[accountID] = true
	}
	for _, k := range keys {
		persons := append([]string{k.CreatedBy}, k.LimitedBy...)
		if slices.ContainsFunc(persons, func(ref string) bool { return accounts[strings.TrimPrefix(ref, "account:")] }) {
			created = append(created, k.ID)
		}
	}
	if len(created) == 0 {
		return nil
	}
	return session.DeleteOfKeys(ctx, tx, created)
}
