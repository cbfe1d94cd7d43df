package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

const (
	// secretSize is the number of random bytes in a token or key.
	secretSize = 32
	// sessionPrefix tells session tokens from API keys, which are bare hex.
	sessionPrefix = "rgs_"
	// touchEvery is how exactly the last use of a credential is known.
	touchEvery = time.Minute
	// touchWait is what a request waits at most to note that use.
	touchWait = 200 * time.Millisecond
)

// Authenticate returns the actor that a session token or API key stands for;
// "" is nobody. It fails with Unauthenticated "invalid_credential",
// "credential_expired" or "credential_inactive". It costs one read by a unique
// key, two for the key of a person.
func (a *Auth) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	switch {
	case token == "":
		return actor.Actor{}, nil
	case strings.HasPrefix(token, sessionPrefix):
		return a.bySession(ctx, token)
	case len(token) == 2*secretSize:
		return a.byKey(ctx, token)
	default:
		return actor.Actor{}, invalidCredential()
	}
}

func (a *Auth) bySession(ctx context.Context, token string) (actor.Actor, error) {
	s, err := sessionByHash(ctx, a.db, hashSecret(token))
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, invalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if s.expiresAt <= now {
		return actor.Actor{}, credentialExpired()
	}
	a.touch(ctx, s.seenAt, now, func(ctx context.Context) error {
		return touchSession(ctx, a.db, s.actor.SessionID, now)
	})
	if s.actor.AccountID == "" {
		who, err := a.standings.MemberStanding(ctx, a.db, s.actor.OnlyCommunity, s.actor.MemberID)
		if err != nil {
			return actor.Actor{}, err
		}
		s.actor.Name = who.Username
	}
	return s.actor, nil
}

func (a *Auth) byKey(ctx context.Context, secret string) (actor.Actor, error) {
	hash := hashSecret(secret)
	k, err := keyByHash(ctx, a.db, hash)
	if errs.KindOf(err) == errs.NotFound {
		return a.byUserKey(ctx, hash)
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if err := k.works(now); err != nil {
		return actor.Actor{}, err
	}
	if !k.newest && k.OldUntil <= now {
		return actor.Actor{}, credentialExpired()
	}
	a.touch(ctx, k.UsedAt, now, func(ctx context.Context) error {
		return touchKey(ctx, a.db, k.CommunityID, k.ID, now)
	})
	bounds := k.BoundBy
	if !k.newest {
		bounds = k.OldBoundBy
	}
	return actor.Actor{
		Kind: actor.CommunityKey, KeyID: k.ID, CommunityID: k.CommunityID, CreatedBy: k.CreatedBy, CreatorIsOwner: k.installer, BoundBy: bounds,
		Name: k.Name, Permissions: k.Permissions, ExpiresAt: k.ExpiresAt,
	}, nil
}

func (a *Auth) byUserKey(ctx context.Context, hash string) (actor.Actor, error) {
	k, err := userKeyByHash(ctx, a.db, hash)
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, invalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if err := k.works(now); err != nil {
		return actor.Actor{}, err
	}
	a.touch(ctx, k.UsedAt, now, func(ctx context.Context) error {
		return touchUserKey(ctx, a.db, k.AccountID, k.ID, now)
	})
	return actor.Actor{
		Kind: actor.UserKey, AccountID: k.AccountID, KeyID: k.ID, Name: k.Name, Language: k.language, Permissions: k.Permissions,
		Channels: k.Channels, ExpiresAt: k.ExpiresAt, InstallationOwner: k.owner,
	}, nil
}

// works returns why a key is refused, nil when it is not.
func (k Key) works(now int64) error {
	switch {
	case k.ExpiresAt != 0 && k.ExpiresAt <= now:
		return credentialExpired()
	case !k.Active:
		return errs.New(errs.Unauthenticated, "credential_inactive", "This API key is switched off. Whoever manages it can switch it on again.")
	default:
		return nil
	}
}

// touch notes the use of a credential, if it is not known well enough already.
// It never fails a request, and holds up one request at a time at most: the
// next one tries again.
func (a *Auth) touch(ctx context.Context, last, now int64, write func(context.Context) error) {
	if now-last < touchEvery.Milliseconds() || !a.touching.TryLock() {
		return
	}
	defer a.touching.Unlock()
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), touchWait)
	defer cancel()
	if err := write(short); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		a.log.WarnContext(ctx, "use of a credential not noted", "error", err)
	}
}

func invalidCredential() error {
	return errs.New(errs.Unauthenticated, "invalid_credential", "This credential is not valid.")
}

func credentialExpired() error {
	return errs.New(errs.Unauthenticated, "credential_expired", "This credential has expired. Sign in again or ask for a new key.")
}

func newSecret() string { return id.Secret(secretSize) }

// hashSecret is what is kept of a token. The token is random, so a quick hash
// is enough.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
