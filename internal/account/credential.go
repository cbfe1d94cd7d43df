package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	// touchEvery is the precision of the last use of a credential.
	touchEvery = time.Minute
	// maxTouched bounds the number of credentials in memory.
	maxTouched = 100_000
	// touchWait bounds the delay of a request that records that use.
	touchWait = 200 * time.Millisecond
)

// Touch records when credentials were last used. It is safe for concurrent use.
type Touch struct {
	log  *slog.Logger
	busy sync.Mutex       // one request at a time records
	last map[string]int64 // recorded uses by the id of the credential; guarded by busy
}

// NewTouch returns a Touch that logs failures.
func NewTouch(log *slog.Logger) *Touch { return &Touch{log: log} }

// Do calls write unless the last use of a credential is recent enough: the stored
// one, which may be old, or one recorded here. All times are in Unix milliseconds.
// It never fails a request and delays one request at a time; the next one retries.
func (t *Touch) Do(ctx context.Context, credentialID string, stored, now int64, write func(context.Context) error) {
	if now-stored < touchEvery.Milliseconds() || !t.busy.TryLock() {
		return
	}
	defer t.busy.Unlock()
	if now-t.last[credentialID] < touchEvery.Milliseconds() {
		return
	}
	short, cancel := context.WithTimeout(sqldb.Background(context.WithoutCancel(ctx)), touchWait)
	defer cancel()
	if err := write(short); err != nil {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.log.WarnContext(ctx, "last use of credential not recorded", "error", err)
		}
		return
	}
	if t.last == nil || len(t.last) >= maxTouched {
		t.last = map[string]int64{}
	}
	t.last[credentialID] = now
}

// InvalidCredential is the error of an unknown token or key.
func InvalidCredential() error {
	return errs.New(errs.Unauthenticated, "invalid_credential", "This credential is not valid.")
}

// CredentialExpired is the error of an expired session or key.
func CredentialExpired() error {
	return errs.New(errs.Unauthenticated, "credential_expired", "This credential has expired. Sign in again or ask for a new key.")
}

const (
	// SecretSize is the number of random bytes of a token or key.
	SecretSize = 32
	// SessionPrefix distinguishes session tokens from API keys, which are bare hex.
	SessionPrefix = "rgs_"
)

// NewToken returns a random token: 64 hex digits.
func NewToken() string { return id.Secret(SecretSize) }

// HashToken returns the stored form of a token. Tokens are random, so a fast
// hash is enough.
func HashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
