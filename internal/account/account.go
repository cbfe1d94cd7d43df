// Package account manages the identity of persons: accounts, sessions,
// passwords, passkeys, two-factor authentication, OpenID Connect and one-time
// links. Memberships and permissions belong to higher packages.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Accounts manages accounts and their sign-in. It is safe for concurrent use.
type Accounts struct {
	db               *sqldb.DB
	clock            clock.Clock
	log              *slog.Logger
	keys             *seal.Keyring
	closed           bool
	mail             *mail.Mail
	baseURL          func() string
	provider         *provider // nil: no OpenID Connect
	assignedUsername AssignedUsername
	limitSession     LimitSession
	revokeKeys       func(ctx context.Context, tx *sqldb.Tx, accountID string) error
	changeHooks      []ChangeHook
	touch            *Touch
	hashes           atomic.Int64  // passwords hashed so far
	hashing          chan struct{} // one slot for each password that is being hashed
}

// AssignedUsername returns the username that the oldest community assigned to an
// unclaimed member with an email address; added is false if there is none.
type AssignedUsername func(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error)

// LimitSession authorises a sign-in link of another system within the
// transaction that starts the limited session. It returns the account of a
// claimed member, the zero Account for an unclaimed one. It fails with Gone
// "link_expired", NotFound "user_not_found" or Forbidden "limited_session".
type LimitSession func(ctx context.Context, tx *sqldb.Tx, l Link) (Account, error)

// Deps are the dependencies of Accounts.
type Deps struct {
	DB               *sqldb.DB
	Clock            clock.Clock
	Log              *slog.Logger
	Keys             *seal.Keyring // nil: no two-factor authentication and no sign-in flows
	Closed           bool          // registration is closed
	Mail             *mail.Mail    // nil: operations that send mail fail
	BaseURL          func() string // address of the server without trailing slash; "": unknown
	Provider         ProviderConfig
	AssignedUsername AssignedUsername
	LimitSession     LimitSession
	RevokeKeys       func(ctx context.Context, tx *sqldb.Tx, accountID string) error // deletes the API keys of an account
	ChangeHooks      []ChangeHook
}

// New returns the Accounts of a database.
func New(d Deps) *Accounts {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	return &Accounts{
		db: d.DB, clock: d.Clock, log: d.Log, keys: d.Keys, closed: d.Closed, mail: d.Mail, baseURL: d.BaseURL, provider: newProvider(d.Provider),
		assignedUsername: d.AssignedUsername, limitSession: d.LimitSession, revokeKeys: d.RevokeKeys, changeHooks: d.ChangeHooks, touch: NewTouch(d.Log),
		hashing: make(chan struct{}, maxConcurrentHashes()),
	}
}

// Sweep deletes expired rows: sessions a month after their end (until then
// their tokens are reported as expired), links, registrations, sign-in flows,
// failed sign-ins and known clients.
func (a *Accounts) Sweep(ctx context.Context) error {
	return sweep(ctx, a.db, a.clock.Now())
}

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

// Input is the input of CreateAccount.
type Input struct {
	Email, Username   string
	Password          string // "": the account cannot sign in with a password
	InstallationOwner bool
}

// newAccount is a validated account that is not stored yet.
type newAccount struct {
	ID                               string
	Email, EmailKey                  string
	Username, UsernameKey            string
	CreatedAt                        int64 // Unix milliseconds
	passwordHash                     string
	firstName, lastName, displayName string
	installationOwner                bool
	signedInAt                       int64
}

// assignID sets the id and the time of creation.
func (n *newAccount) assignID(now time.Time) { n.ID, n.CreatedAt = id.New(now), now.UnixMilli() }

// CreateAccount creates an account without memberships. It fails with Invalid
// "invalid_input", or Conflict "email_taken" or "username_taken"; the error
// names every wrong field.
func (a *Accounts) CreateAccount(ctx context.Context, in Input) (Account, error) {
	n, err := a.prepare(ctx, in)
	if err != nil {
		return Account{}, err
	}
	var account Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		account, err = insertAccount(ctx, tx, n)
		return err
	})
	if err != nil {
		return Account{}, a.conflictOf(ctx, n, err)
	}
	return account, nil
}

// Account returns an account, or NotFound "account_not_found".
func (a *Accounts) Account(ctx context.Context, accountID string) (Account, error) {
	return LoadAccount(ctx, a.db, accountID)
}

// HasAccount reports whether an account has an email address. Show the result
// only to the owner of the address.
func HasAccount(ctx context.Context, q sqldb.Querier, email string) (bool, error) {
	taken, _, err := keysTaken(ctx, q, EmailKey(email), "")
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

// prepare validates the input and hashes the password, which is too slow for a
// transaction.
func (a *Accounts) prepare(ctx context.Context, in Input) (newAccount, error) {
	n, wrong := in.validate()
	if err := errs.InvalidFields(wrong); err != nil {
		return newAccount{}, err
	}
	n.assignID(a.clock.Now())
	if in.Password == "" {
		return n, nil
	}
	hash, err := a.hash(ctx, in.Password)
	n.passwordHash = hash
	return n, err
}

// validate returns the normalised account and every wrong field.
func (in Input) validate() (newAccount, []errs.Field) {
	n := newAccount{installationOwner: in.InstallationOwner}
	var wrong []errs.Field
	check := func(field, problem string) {
		if problem != "" {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: problem})
		}
	}
	var problem string
	n.Email, n.EmailKey, problem = CheckEmail(in.Email)
	check("email", problem)
	n.Username, n.UsernameKey, problem = CheckUsername(in.Username)
	check("username", problem)
	if in.Password != "" {
		check("password", PasswordProblem(in.Password, n.EmailKey, n.UsernameKey))
	}
	return n, wrong
}

// conflictOf converts a unique violation to a Conflict that names the fields.
func (a *Accounts) conflictOf(ctx context.Context, n newAccount, cause error) error {
	if !sqldb.IsDuplicate(cause) {
		return cause
	}
	email, username, err := keysTaken(ctx, a.db, n.EmailKey, n.UsernameKey)
	if err != nil {
		return errors.Join(cause, err)
	}
	var fields []errs.Field
	if email {
		fields = append(fields, emailTaken)
	}
	if username {
		fields = append(fields, usernameTaken)
	}
	if len(fields) == 0 {
		return fmt.Errorf("conflicting account was deleted: %w", cause)
	}
	return conflict(fields...).Because(cause)
}

var (
	emailTaken    = errs.Field{Field: "email", Code: "email_taken", Message: "This email address belongs to another account."}
	usernameTaken = errs.Field{Field: "username", Code: "username_taken", Message: "This username belongs to another account."}
)

// conflict returns the Conflict for values of another account.
func conflict(fields ...errs.Field) *errs.Error {
	return errs.New(errs.Conflict, fields[0].Code, "%s", fields[0].Message).WithFields(fields...)
}

// AllocateNumbers returns n ascending numbers that no account or member of the
// installation has, in the caller's transaction.
func AllocateNumbers(ctx context.Context, tx *sqldb.Tx, n int) ([]int64, error) {
	return tx.AllocateNumbers(ctx, "user_numbers", n)
}

const maxUsernameTries = 20

// pickUsername sets a free username derived from preferred, from the local part
// of the email address if preferred is unusable; a number is appended if it is
// taken.
func (n *newAccount) pickUsername(ctx context.Context, q sqldb.Querier, preferred string) error {
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
		_, taken, err := keysTaken(ctx, q, n.EmailKey, n.UsernameKey)
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

// setUsername validates and sets a username; "" changes nothing.
func (n *newAccount) setUsername(username string) error {
	if username == "" {
		return nil
	}
	var problem string
	if n.Username, n.UsernameKey, problem = CheckUsername(username); problem != "" {
		return errs.InvalidFields([]errs.Field{{Field: "username", Code: "invalid", Message: problem}})
	}
	return nil
}

// installation is the name of this server in authenticator apps and devices.
func (a *Accounts) installation() string {
	base, err := url.Parse(a.baseURL())
	if err != nil || base.Host == "" {
		return "Regulars"
	}
	return "Regulars (" + base.Host + ")"
}

const maxName = 50 // characters, as for members

// ChangeHook takes part in the transaction that changes the username or the
// confirmed email address of an account. The row of the account is locked and
// has its new values; source is Update.Source.
type ChangeHook func(ctx context.Context, tx *sqldb.Tx, before, after Account, source string) error

func (a *Accounts) runChangeHooks(ctx context.Context, tx *sqldb.Tx, before, after Account, source string) error {
	for _, f := range a.changeHooks {
		if err := f(ctx, tx, before, after, source); err != nil {
			return err
		}
	}
	return nil
}
