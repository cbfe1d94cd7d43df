package signin_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// operator is the command line of the server.
var operator = actor.Actor{Kind: actor.Command}

const password = "blue cow over 9 hills"

// world is Accounts with what a test can change.
type world struct {
	*signin.Accounts
	base       string // address of the server
	db         *sqldb.DB
	keys       *seal.Keyring
	givenNames map[string]string // usernames of unclaimed members by email key
	mail       *mail.Mail        // without a server: messages wait in the outbox
	clock      clock.Clock
	mu         sync.Mutex
	now        time.Time
}

// newWorld has no limit of mails, or perHour of each kind.
func newWorld(db *sqldb.DB, perHour ...int) *world {
	w := &world{db: db, keys: seal.Random(), givenNames: map[string]string{}, now: time.Date(2026, 4, 7, 8, 50, 16, 0, time.UTC)}
	c := clock.At(func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	})
	log := slog.New(slog.DiscardHandler)
	w.mail, _ = mail.New(mail.Deps{DB: db, Clock: c, Log: log, Keys: w.keys, PerHour: slices.Max(append(perHour, 0))}) // it fails for wrong settings only
	w.base = "https://club.example.com"
	w.clock = c
	w.Accounts = w.accountsWith(func(*signin.Deps) {})
	return w
}

// accountsWith returns Accounts of the same database with other settings.
func (w *world) accountsWith(change func(*signin.Deps)) *signin.Accounts {
	d := signin.Deps{
		DB: w.db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Keys: w.keys, Mail: w.mail, BaseURL: func() string { return w.base },
		AssignedUsername: func(_ context.Context, _ sqldb.Querier, emailKey string) (string, bool, error) {
			name, added := w.givenNames[emailKey]
			return name, added, nil
		},
		RevokeKeys: func(ctx context.Context, tx *sqldb.Tx, accountID string) error {
			_, err := tx.Exec(ctx, "DELETE FROM account_api_keys WHERE account_id = $1", accountID)
			return err
		},
	}
	change(&d)
	return signin.New(d)
}

var tokenInText = regexp.MustCompile(`/([a-z-]+)\?token=([0-9a-f]{64})`)

// letter is a mail as its reader sees it.
type letter struct {
	to          string
	template    mail.Template
	page, token string // of its link, "" for a link without a token
}

// letters are the mails that have not been read yet, oldest first.
func (w *world) letters(t *testing.T) []letter {
	t.Helper()
	list, _, err := w.mail.Unsent(t.Context(), operator, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Exec(t.Context(), "DELETE FROM mail_outbox"); err != nil {
		t.Fatal(err)
	}
	var read []letter
	for _, one := range slices.Backward(list) {
		l := letter{to: one.To, template: one.Template}
		if found := tokenInText.FindStringSubmatch(one.Text); found != nil {
			l.page, l.token = found[1], found[2]
		}
		read = append(read, l)
	}
	return read
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// account makes <name>@example.com with the password of these tests.
func (w *world) account(t *testing.T, name string) account.Account {
	t.Helper()
	a, err := w.CreateAccount(t.Context(), signin.Input{Email: name + "@example.com", Username: name, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustFail(t *testing.T, what string, err error, kind errs.Kind, code string) {
	t.Helper()
	if !errs.Is(err, code) || errs.KindOf(err) != kind {
		t.Errorf("%s: error %v, want %s", what, err, code)
	}
}

func fieldsOf(err error) []string {
	var fields []string
	if e := errs.From(err); e != nil {
		for _, f := range e.Fields {
			fields = append(fields, f.Field)
		}
	}
	return fields
}
