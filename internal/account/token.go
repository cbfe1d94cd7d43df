package account

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/regulars/regulars/internal/id"
)

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
