// Package password validates and hashes passwords.
package password

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/account"
)

const (
	minPassword = 10
	maxPassword = 1000 // characters
)

// commonStems are the stems of common passwords, in lower case and without
// surrounding digits and signs.
//
//go:embed common_passwords.txt
var commonStems string

var isCommon = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for stem := range strings.FieldsSeq(commonStems) {
		set[stem] = true
	}
	return set
})

// Problem returns the reason to reject a password, a sentence for
// people; "" for a valid one. The keys are those of the account.
func Problem(password, emailKey, usernameKey string) string {
	length := utf8.RuneCountInString(password)
	key := account.UsernameKey(password)
	switch {
	case !utf8.ValidString(password):
		return "The password contains invalid characters."
	case length < minPassword:
		return "A password has at least 10 characters."
	case length > maxPassword:
		return "A password has at most 1000 characters."
	case !strings.ContainsFunc(password, special):
		return "A password needs a special character, such as ! or a space."
	case key == usernameKey || key == emailKey:
		return "The password must differ from the username and the email address."
	case common(key):
		return "This password is too common. Choose another one."
	}
	return ""
}

func special(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// common reports whether a lower-case password is common, also with digits and
// signs around its letters or instead of them.
func common(password string) bool {
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	if known := isCommon(); known[password] || known[strings.TrimFunc(password, special)] {
		return true
	}
	return containsCommon(password, strings.TrimFunc(password, notLetter)) ||
		containsCommon(password, strings.TrimRightFunc(password, notLetter)) // "$unshine1!"
}

// containsCommon reports whether word, a part of the password, is common and
// the digits beside it are few or common too.
func containsCommon(password, word string) bool {
	if !isCommon()[word] && !isCommon()[unmaskLetters.Replace(word)] {
		return false
	}
	before, after, _ := strings.Cut(password, word)
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, before+after)
	return len(digits) <= 4 || isCommon()[digits]
}

var unmaskLetters = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t")

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// Cost is the cost of a hash with argon2id. The zero value means the default.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// defaultCost is the minimum in OWASP's password storage cheat sheet; one hash
// takes about 40 ms.
var defaultCost = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltSize = 16
	hashSize = 32
)

// maxConcurrentHashes bounds the memory for hashing: 19 MiB per hash, and no
// more hashes than processors.
func maxConcurrentHashes() int { return min(max(runtime.GOMAXPROCS(0), 2), 8) }

// Hasher hashes passwords, a few at a time. It is safe for concurrent use.
type Hasher struct {
	cost  Cost          // of new hashes
	count atomic.Int64  // passwords hashed so far
	slots chan struct{} // one for each password that is being hashed
}

// NewHasher returns a Hasher for hashes of a cost.
func NewHasher(c Cost) *Hasher {
	return &Hasher{cost: cmp.Or(c, defaultCost), slots: make(chan struct{}, maxConcurrentHashes())}
}

// Count returns how many passwords were hashed: the cost of an answer.
func (h *Hasher) Count() int64 { return h.count.Load() }

// Hash returns the PHC string of a password. It waits for a free slot until ctx
// ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	sum, err := h.derive(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt, sum), nil
}

// Verify reports whether the password matches the hash, and whether the hash
// has another cost than the current one. An empty hash takes the same time and
// matches nothing.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (right, outdated bool, err error) {
	missing := encoded == ""
	if missing {
		encoded = encodeHash(h.cost, make([]byte, saltSize), make([]byte, hashSize))
	}
	hashCost, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	got, err := h.derive(ctx, password, salt, hashCost)
	if err != nil {
		return false, false, err
	}
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && !missing, hashCost != h.cost, nil
}

func (h *Hasher) derive(ctx context.Context, password string, salt []byte, c Cost) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	h.count.Add(1)
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.Passes, c.Memory, c.Lanes, hashSize), nil
}

// The PHC string format: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
const phc = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

func encodeHash(c Cost, salt, sum []byte) string {
	raw := base64.RawStdEncoding
	return fmt.Sprintf(phc, argon2.Version, c.Memory, c.Passes, c.Lanes) + raw.EncodeToString(salt) + "$" + raw.EncodeToString(sum)
}

func decodeHash(encoded string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 {
		return c, nil, nil, fmt.Errorf("password hash has %d parts, not 6", len(parts))
	}
	version := 0
	head := strings.Join(parts[:4], "$") + "$"
	if _, err := fmt.Sscanf(head, phc, &version, &c.Memory, &c.Passes, &c.Lanes); err != nil {
		return c, nil, nil, fmt.Errorf("parse password hash: %w", err)
	}
	if version != argon2.Version || c.Memory > 1<<20 || c.Passes < 1 || c.Lanes < 1 {
		return c, nil, nil, fmt.Errorf("password hash with version %d, %d KiB, %d passes, %d lanes", version, c.Memory, c.Passes, c.Lanes)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("decode salt of password hash: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != hashSize {
		return c, nil, nil, fmt.Errorf("decode sum of password hash: %d bytes, %w", len(sum), err)
	}
	return c, salt, sum, nil
}
