// Package seal keeps secrets that have to be read again unreadable to whoever
// has the database but not the key of the installation. It says how a secret
// is sealed and where the key comes from; which columns hold secrets, the
// features say.
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

// Column is where secrets stand. Column and row are bound into what is sealed:
// copied to another row or column it does not open.
type Column struct {
	Table, Name string
	Key         string // column of texts that names a row
}

func (c Column) bind(row string) []byte { return []byte(c.Table + "\x00" + c.Name + "\x00" + row) }

const (
	keyBytes   = 32
	keyIDBytes = 8
	// prefix of what is sealed; the number is the version of the form. No secret
	// of ours has a colon where it is kept plain.
	prefix = "sealed1:"
)

// key is one key of an installation.
type key struct {
	id   string
	aead cipher.AEAD
}

// Ring seals with one key and opens with that or previous ones. It may be used
// by many goroutines; the nil Ring seals and opens nothing.
type Ring struct {
	keys []key // the first one seals
}

// ErrNoKey is what a nil Ring says.
var ErrNoKey = errors.New("there is no key to seal secrets with")

// OtherKeyError is what Open says of a secret that was sealed with a key that
// the ring has not.
type OtherKeyError struct{ ID string }

func (e *OtherKeyError) Error() string {
	return "the secret was sealed with the key " + e.ID + ", which is not here"
}

// DamagedError is what Open says of a secret whose key is here, and which was
// changed or belongs to another row.
type DamagedError struct {
	Table string
	cause error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("a secret in %s is damaged or of another row: %v", e.Table, e.cause)
}

// New returns a ring of keys of 64 hex digits: the first one seals.
func New(current string, previous ...string) (*Ring, error) {
	r := &Ring{}
	for _, text := range append([]string{current}, previous...) {
		k, err := parse(text)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

// Random returns a ring of a key that nobody keeps, for tests.
func Random() *Ring {
	r, _ := New(id.Secret(keyBytes)) // such a key is always one
	return r
}

// parse makes two keys of the one that was given, so that its id tells nothing
// of what seals.
func parse(text string) (key, error) {
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != keyBytes {
		return key{}, errors.New("a secret key is 64 hex digits, such as `openssl rand -hex 32` prints")
	}
	named, err := hkdf.Key(sha256.New, raw, nil, "regulars: id of a key", keyIDBytes)
	if err != nil {
		return key{}, err
	}
	sealing, err := hkdf.Key(sha256.New, raw, nil, "regulars: seal, AES-256-GCM", keyBytes)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{hex.EncodeToString(named), aead}, err
}

// ID names the key that seals: a hash of it, which tells nothing else.
func (r *Ring) ID() string {
	if r == nil {
		return ""
	}
	return r.keys[0].id
}

func (r *Ring) has(keyID string) bool {
	for _, k := range r.keys {
		if k.id == keyID {
			return true
		}
	}
	return false
}

// Seal returns what is kept of a secret of a row; nothing is kept of "".
func (r *Ring) Seal(c Column, row, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	if r == nil {
		return "", ErrNoKey
	}
	sealed := r.keys[0].aead.Seal(nil, nil, []byte(plain), c.bind(row))
	return prefix + r.ID() + ":" + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open returns the secret of a row. What was kept before there were keys is
// returned as it stands: refusing it would keep nobody out, since whoever may
// write such a row may write any other. It fails with OtherKeyError or
// DamagedError.
func (r *Ring) Open(c Column, row, kept string) (string, error) {
	rest, sealed := strings.CutPrefix(kept, prefix)
	if !sealed {
		return kept, nil
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
		plain, err := k.aead.Open(nil, nil, raw, c.bind(row))
		if err != nil {
			return "", &DamagedError{c.Table, err}
		}
		return string(plain), nil
	}
	return "", &OtherKeyError{keyID}
}
