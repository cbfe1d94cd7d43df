package access_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

const password = "blue cow over 9 hills"

// fakeMemberships are memberships by community id, then account id.
type fakeMemberships map[string]map[string]access.Membership

func (s fakeMemberships) ByAccount(_ context.Context, _ sqldb.Querier, communityID, accountID string) (access.Membership, error) {
	return s[communityID][accountID], nil
}

func (s fakeMemberships) ByMember(ctx context.Context, q sqldb.Querier, communityID, memberID string) (access.Membership, error) {
	return s.ByAccount(ctx, q, communityID, memberID)
}

func (s fakeMemberships) Communities(_ context.Context, _ sqldb.Querier, accountID string) ([]string, error) {
	var in []string
	for communityID, accounts := range s {
		if communityID != unclaimedCommunity && accounts[accountID].Member {
			in = append(in, communityID)
		}
	}
	return in, nil
}

// unclaimedCommunity has the unclaimed members, by username, with the email key
// as their state.
const unclaimedCommunity = "unclaimed"

func (s fakeMemberships) GivenName(_ context.Context, _ sqldb.Querier, emailKey string) (string, bool, error) {
	for _, membership := range s[unclaimedCommunity] {
		if membership.State == emailKey {
			return membership.Username, true, nil
		}
	}
	return "", false, nil
}

func (s fakeMemberships) put(communityID, accountID string, membership access.Membership) {
	if s[communityID] == nil {
		s[communityID] = map[string]access.Membership{}
	}
	membership.MemberID, membership.AccountID, membership.Username = accountID, accountID, accountID
	s[communityID][accountID] = membership
}

// fixture is an Access with its dependencies.
type fixture struct {
	*access.Access
	*signin.Accounts
	base        string // address of the server
	db          *sqldb.DB
	keys        *seal.Keyring
	communities *community.Communities
	memberships fakeMemberships
	mail        *mail.Mail // without a server: messages wait in the outbox
	clock       clock.Clock
	mu          sync.Mutex
	now         time.Time
}

// newFixture returns a fixture without a limit of mails, or with perHour of each
// kind.
func newFixture(db *sqldb.DB, perHour ...int) *fixture {
	w := &fixture{db: db, keys: seal.Random(), memberships: fakeMemberships{}, now: time.Date(2026, 4, 7, 8, 50, 16, 0, time.UTC)}
	c := clock.At(func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	})
	w.communities = community.New(community.Deps{DB: db, Clock: c, OnCreate: []community.CreateHook{access.OnCommunityCreated}, OnChange: []community.ChangeHook{access.OnCommunityChanged}})
	log := slog.New(slog.DiscardHandler)
	w.mail, _ = mail.New(mail.Deps{DB: db, Clock: c, Log: log, Keys: w.keys, PerHour: slices.Max(append(perHour, 0))}) // it fails for wrong settings only
	w.base = "https://club.example.com"
	w.clock = c
	w.Accounts = w.accountsWith(func(*signin.Deps) {})
	w.Access = access.New(access.Deps{DB: db, Accounts: w.Accounts, Communities: w.communities, Memberships: w.memberships, Clock: c, Log: log, BaseURL: func() string { return w.base }})
	return w
}

// accountsWith returns Accounts of the same database with other settings.
func (w *fixture) accountsWith(change func(*signin.Deps)) *signin.Accounts {
	d := signin.Deps{
		DB: w.db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Keys: w.keys, Mail: w.mail, BaseURL: func() string { return w.base },
		AssignedUsername: w.memberships.GivenName, LimitSession: access.LimitedSessions(w.memberships, w.clock), RevokeKeys: access.RevokeUserKeys,
	}
	change(&d)
	return signin.New(d)
}

var tokenInText = regexp.MustCompile(`/([a-z-]+)\?token=([0-9a-f]{64})`)

// sentMail is a mail as received.
type sentMail struct {
	to          string
	template    mail.Template
	page, token string // of its link, "" for a link without a token
}

// sentMails returns and deletes the mails of the outbox, oldest first.
func (w *fixture) sentMails(t *testing.T) []sentMail {
	t.Helper()
	list, _, err := w.mail.Unsent(t.Context(), command, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Exec(t.Context(), "DELETE FROM mail_outbox"); err != nil {
		t.Fatal(err)
	}
	var read []sentMail
	for _, one := range slices.Backward(list) {
		l := sentMail{to: one.To, template: one.Template}
		if found := tokenInText.FindStringSubmatch(one.Text); found != nil {
			l.page, l.token = found[1], found[2]
		}
		read = append(read, l)
	}
	return read
}

func (w *fixture) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *fixture) community(t *testing.T, name string) string {
	t.Helper()
	c, err := w.communities.Create(t.Context(), community.Input{Name: name}, actor.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// account creates <name>@example.com with password.
func (w *fixture) account(t *testing.T, name string) account.Account {
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

// session signs in and returns the actor of the session.
func (w *fixture) session(t *testing.T, login string) actor.Actor {
	t.Helper()
	token, err := w.signIn(t, login, password, "")
	if err != nil {
		t.Fatal(err)
	}
	caller, err := w.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// countSessions returns the number of tokens with a valid session.
func (w *fixture) countSessions(t *testing.T, tokens ...string) (n int) {
	t.Helper()
	for _, token := range tokens {
		if caller, err := w.Authenticate(t.Context(), token); err == nil && caller.Kind == actor.Session {
			n++
		}
	}
	return n
}

func (w *fixture) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := w.db.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func sessionInfo(address string) account.SessionInfo {
	return account.SessionInfo{UserAgent: "test", Address: address}
}

func (w *fixture) signIn(t *testing.T, login, password, address string) (string, error) {
	t.Helper()
	token, _, err := w.SignIn(t.Context(), login, password, sessionInfo(address))
	return token, err
}

func (w *fixture) tokenOf(t *testing.T, login string, passwords ...string) string {
	t.Helper()
	for _, one := range passwords {
		if token, err := w.signIn(t, login, one, ""); err == nil {
			return token
		}
	}
	t.Fatal("no password is right")
	return ""
}
