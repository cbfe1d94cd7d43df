// Package seal encrypts secrets in the database with a key of the installation
// that is not in the database. It contains the format and the source of the key;
// features declare the columns.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/id"
)

// Column is a column of secrets. A sealed secret is bound to its column and
// row: it cannot be opened as another one.
type Column struct {
	Table, Name string
	Key         string // text column that identifies the row
}

// additionalData returns the data that a sealed secret of a row is bound to.
func (c Column) additionalData(row string) []byte {
	return []byte(c.Table + "\x00" + c.Name + "\x00" + row)
}

const (
	keyBytes   = 32
	keyIDBytes = 8
	// prefix of a sealed secret; the number is the version of the format. Plain
	// secrets contain no colon.
	prefix = "sealed1:"
)

type key struct {
	id      string
	aead    cipher.AEAD
	signing []byte
}

// Keyring seals with its current key and opens with it or a previous one. It
// is safe for concurrent use. A nil Keyring has no key.
type Keyring struct {
	keys []key // the current key first
}

// ErrNoKey is the error of a nil Keyring.
var ErrNoKey = errors.New("no key to seal secrets with")

// OtherKeyError is the error of Open for a secret sealed with an unknown key.
type OtherKeyError struct{ ID string }

func (e *OtherKeyError) Error() string {
	return "the secret is sealed with the unknown key " + e.ID
}

// DamagedError is the error of Open for a secret that was changed or belongs to
// another row.
type DamagedError struct {
	Table string
	cause error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("a secret in %s is damaged or belongs to another row: %v", e.Table, e.cause)
}

// New returns a keyring of keys of 64 hex digits.
func New(current string, previous ...string) (*Keyring, error) {
	r := &Keyring{}
	for _, text := range append([]string{current}, previous...) {
		k, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

// Random returns a keyring with a random key, for tests.
func Random() *Keyring {
	r, _ := New(id.Secret(keyBytes)) // always valid
	return r
}

// parseKey derives the id and the encryption key from a key, so that the id
// reveals nothing about the latter.
func parseKey(text string) (key, error) {
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != keyBytes {
		return key{}, errors.New("invalid secret key: it must be 64 hex digits, for example from `openssl rand -hex 32`")
	}
	keyID, err := hkdf.Key(sha256.New, raw, nil, "regulars: id of a key", keyIDBytes)
	if err != nil {
		return key{}, err
	}
	encryptionKey, err := hkdf.Key(sha256.New, raw, nil, "regulars: seal, AES-256-GCM", keyBytes)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(encryptionKey)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	signing, err := hkdf.Key(sha256.New, raw, nil, "regulars: sign, HMAC-SHA256", keyBytes)
	return key{hex.EncodeToString(keyID), aead, signing}, err
}

// ID returns the id of the current key, which reveals nothing about the key.
func (r *Keyring) ID() string {
	if r == nil {
		return ""
	}
	return r.keys[0].id
}

func (r *Keyring) has(keyID string) bool {
	for _, k := range r.keys {
		if k.id == keyID {
			return true
		}
	}
	return false
}

// Seal encrypts the secret of a row. The sealed form of "" is "".
func (r *Keyring) Seal(c Column, row, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	if r == nil {
		return "", ErrNoKey
	}
	sealed := r.keys[0].aead.Seal(nil, nil, []byte(plain), c.additionalData(row))
	return prefix + r.ID() + ":" + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open decrypts the secret of a row. It fails with ErrNoKey, OtherKeyError or
// DamagedError. A plain secret, stored before there was a key, is returned
// unchanged: rejecting it would not stop an attacker with write access to the
// table.
func (r *Keyring) Open(c Column, row, stored string) (string, error) {
	rest, sealed := strings.CutPrefix(stored, prefix)
	if !sealed {
		return stored, nil
	}
	if r == nil {
		return "", ErrNoKey
	}
	keyID, text, _ := strings.Cut(rest, ":")
	for _, k := range r.keys {
		if k.id != keyID {
			continue
		}
		raw, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return "", &DamagedError{c.Table, err}
		}
		plain, err := k.aead.Open(nil, nil, raw, c.additionalData(row))
		if err != nil {
			return "", &DamagedError{c.Table, err}
		}
		return string(plain), nil
	}
	return "", &OtherKeyError{keyID}
}
