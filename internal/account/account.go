// Package account defines accounts: their row, email addresses, usernames and
// tokens. Packages below it have the credentials; account/signin composes them.
package account

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Account is a person on this installation.
type Account struct {
	ID                string
	Number            int64 // numeric id in the API
	Email, Username   string
	Language          string // a BCP 47 tag; "": that of the browser
	InstallationOwner bool   // has all permissions in all communities
	FirstName         string // of the registration, "": none; members have their own
	LastName          string // like FirstName
	DisplayName       string // like FirstName
	CreatedAt         int64  // Unix milliseconds
	SignedInAt        int64  // Unix milliseconds, 0: never
}

// Draft is a validated account that is not stored yet.
type Draft struct {
	ID                               string
	Email, EmailKey                  string
	Username, UsernameKey            string
	CreatedAt                        int64 // Unix milliseconds
	PasswordHash                     string
	FirstName, LastName, DisplayName string
	InstallationOwner                bool
	signedInAt                       int64
}

// AssignID sets the id and the time of creation.
func (n *Draft) AssignID(now time.Time) { n.ID, n.CreatedAt = id.New(now), now.UnixMilli() }

// HasAccount reports whether an account has an email address. Show the result
// only to the owner of the address.
func HasAccount(ctx context.Context, q sqldb.Querier, email string) (bool, error) {
	taken, _, err := KeysTaken(ctx, q, EmailKey(email), "")
	return taken, err
}

// InstallationOwners returns the ids of the accounts that own the installation.
func InstallationOwners(ctx context.Context, q sqldb.Querier) (map[string]bool, error) {
	ids, err := installationOwners(ctx, q)
	owners := make(map[string]bool, len(ids))
	for _, accountID := range ids {
		owners[accountID] = true
	}
	return owners, err
}

// Fields of the error Conflict.
var (
	EmailTaken    = errs.Field{Field: "email", Code: "email_taken", Message: "This email address belongs to another account."}
	UsernameTaken = errs.Field{Field: "username", Code: "username_taken", Message: "This username belongs to another account."}
)

// Conflict returns the Conflict for values of another account.
func Conflict(fields ...errs.Field) *errs.Error {
	return errs.Constant(fields[0].Message).Error(errs.Conflict, fields[0].Code).WithFields(fields...)
}

// AllocateNumbers returns n ascending numbers that no account or member of the
// installation has, in the caller's transaction.
func AllocateNumbers(ctx context.Context, tx *sqldb.Tx, n int) ([]int64, error) {
	return tx.AllocateNumbers(ctx, "user_numbers", n)
}

const maxUsernameTries = 20

// PickUsername sets a free username derived from preferred, from the local part
// of the email address if preferred is unusable; a number is appended if it is
// taken.
func (n *Draft) PickUsername(ctx context.Context, q sqldb.Querier, preferred string) error {
	local, _, _ := strings.Cut(n.Email, "@")
	base := "member"
	for _, one := range []string{local, preferred} {
		one, _, _ = strings.Cut(one, "@")
		if one = usernameFrom(one); one != "" {
			base = one
		}
	}
	for try := 1; try <= maxUsernameTries; try++ {
		name := base
		if try > 1 {
			name += strconv.Itoa(try)
		}
		if try == maxUsernameTries {
			name = base + "-" + id.Secret(4)
		}
		n.Username, n.UsernameKey, _ = CheckUsername(name)
		_, taken, err := KeysTaken(ctx, q, n.EmailKey, n.UsernameKey)
		if err != nil || !taken {
			return err
		}
	}
	return errs.New(errs.Conflict, "username_taken", "No free username was found. Try again.")
}

// usernameFrom removes the characters that a username cannot have; it returns
// "" if the rest is no valid username.
func usernameFrom(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && checkUsername("a"+string(r), "") != "" {
			return -1
		}
		return r
	}, norm.NFC.String(name))
	if r := []rune(name); len(r) > 40 { // leaves room for a number
		name = string(r[:40])
	}
	if _, _, problem := CheckUsername(name); problem != "" {
		return ""
	}
	return name
}

// SetUsername validates and sets a username; "" changes nothing.
func (n *Draft) SetUsername(username string) error {
	if username == "" {
		return nil
	}
	var problem string
	if n.Username, n.UsernameKey, problem = CheckUsername(username); problem != "" {
		return errs.InvalidFields([]errs.Field{{Field: "username", Code: "invalid", Message: problem}})
	}
	return nil
}

// MaxName is the maximum length of a name.
const MaxName = 50 // characters, as for members

// ChangeHook takes part in the transaction that changes the username or the
// confirmed email address of an account. The row of the account is locked and
// has its new values; source is Update.Source.
type ChangeHook func(ctx context.Context, tx *sqldb.Tx, by actor.Actor, before, after Account, source string) error

// Confirmed reports whether the email address of an account is verified.
func Confirmed(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	at, err := VerifiedAt(ctx, q, accountID)
	return at != 0, err
}

// InUse reports whether an account has a verified address and has signed in;
// false for an unknown account.
func InUse(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	account, err := LoadAccount(ctx, q, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	if err != nil || account.SignedInAt == 0 {
		return false, err
	}
	return Confirmed(ctx, q, accountID)
}

// ChangeHooks are the hooks of all features.
type ChangeHooks []ChangeHook

// Run calls the hooks in order.
func (hooks ChangeHooks) Run(ctx context.Context, tx *sqldb.Tx, by actor.Actor, before, after Account, source string) error {
	for _, f := range hooks {
		if err := f(ctx, tx, by, before, after, source); err != nil {
			return err
		}
	}
	return nil
}
