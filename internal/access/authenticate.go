package access

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// Authenticate returns the actor of a session token or API key; "" is anonymous.
// It fails with Unauthenticated "invalid_credential", "credential_expired" or
// "credential_inactive".
func (a *Access) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	switch {
	case token == "":
		return actor.Actor{}, nil
	case strings.HasPrefix(token, account.SessionPrefix):
		return a.bySession(ctx, token)
	case len(token) == 2*account.SecretSize:
		return a.byKey(ctx, token)
	default:
		return actor.Actor{}, account.InvalidCredential()
	}
}

func (a *Access) bySession(ctx context.Context, token string) (actor.Actor, error) {
	session, err := a.accounts.Sessions.Authenticate(ctx, token)
	if err != nil || session.AccountID != "" {
		return session, err
	}
	member, err := a.memberships.ByMember(ctx, a.db, session.OnlyCommunity, session.MemberID)
	session.Name = member.Username
	return session, err
}

func (a *Access) byKey(ctx context.Context, secret string) (actor.Actor, error) {
	hash := account.HashToken(secret)
	if cachedUserKeys.Has(a.db, hash) { // no key of a community is looked for
		return a.byUserKey(ctx, hash)
	}
	k, err := keyByHash(ctx, a.db, hash)
	if errs.KindOf(err) == errs.NotFound {
		return a.byUserKey(ctx, hash)
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if err := k.usable(now); err != nil {
		return actor.Actor{}, err
	}
	if !k.currentSecret && k.PreviousExpiresAt <= now {
		return actor.Actor{}, account.CredentialExpired()
	}
	a.touch.Do(ctx, k.ID, k.UsedAt, now, func(ctx context.Context) error {
		return touchKey(ctx, a.db, k.CommunityID, k.ID, now)
	})
	bounds := k.LimitedBy
	if !k.currentSecret {
		bounds = k.PreviousLimitedBy
	}
	return actor.Actor{
		Kind: actor.CommunityKey, KeyID: k.ID, CommunityID: k.CommunityID, CreatedBy: k.CreatedBy, CreatorIsOwner: k.creatorIsOwner, LimitedBy: bounds,
		Name: k.Name, Permissions: k.Permissions, ExpiresAt: k.ExpiresAt,
	}, nil
}

func (a *Access) byUserKey(ctx context.Context, hash string) (actor.Actor, error) {
	k, err := userKeyByHash(ctx, a.db, hash)
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, account.InvalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if err := k.usable(now); err != nil {
		return actor.Actor{}, err
	}
	a.touch.Do(ctx, k.ID, k.UsedAt, now, func(ctx context.Context) error {
		return touchUserKey(ctx, a.db, k.AccountID, k.ID, now)
	})
	return actor.Actor{
		Kind: actor.UserKey, AccountID: k.AccountID, KeyID: k.ID, Name: k.Name, Language: k.language, Permissions: k.Permissions,
		Channels: k.Channels, ExpiresAt: k.ExpiresAt, InstallationOwner: k.owner,
	}, nil
}

// usable returns nil for an active, unexpired key.
func (k Key) usable(now int64) error {
	switch {
	case k.ExpiresAt != 0 && k.ExpiresAt <= now:
		return account.CredentialExpired()
	case !k.Active:
		return errs.New(errs.Unauthenticated, "credential_inactive", "This API key is disabled. Enable it or use another key.")
	default:
		return nil
	}
}
