package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/migrations"
)

// The schema before members could be unclaimed.
const beforeUnclaimed = 30

// formerly are accounts of that schema by what made them claimed, with the
// communities of which they are members; "" is what nothing did.
var formerly = []struct {
	name, claim, communities string
	number                   int
}{
	{"password", "password_hash = 'x'", "12", 1},
	{"signedin", "signed_in_at = 5", "1", 2},
	{"verified", "email_verified_at = 5", "1", 3},
	{"passkey", "passkey", "1", 4},
	{"provider", "provider", "1", 5},
	{"userkey", "userkey", "12", 6},
	{"operator", "installation_owner = TRUE", "", 7},
	{"owner", "owner", "1", 8},
	{"imported", "", "1", 9},
	{"twice", "", "12", 10},
	{"limited", "", "1", 11},
	{"linked", "", "1", 12},
	{"nowhere", "", "", 4711}, // imported and removed again
}

// formerID is the id of the nth account or of something of its.
func formerID(kind string, n int) string { return fmt.Sprintf("%s%022d", kind, n) }

// TestUpgradeKeepsUsedAccountsClaimed fills a database of the schema before
// unclaimed members and starts the present program on it.
func TestUpgradeKeepsUsedAccountsClaimed(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			a := apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) {
				c.Data = t.TempDir()
				address := "sqlite:" + filepath.Join(c.Data, "regulars.db")
				if engine == sqldb.Postgres {
					c.DatabaseURL = pgtest.EmptyURL(t)
					address = c.DatabaseURL
				}
				fillFormer(t, address)
			}))
			u := upgraded{t, a}
			u.members()
			u.accounts()
			u.sessions()
			u.numbers()
			u.claims()
		})
	}
}

// migrateTo brings an empty database to a former schema.
func migrateTo(t *testing.T, db *sqldb.DB, version int64) {
	t.Helper()
	other, dialect := ".postgres.sql", goose.DialectSQLite3
	if db.Dialect() == sqldb.Postgres {
		other, dialect = ".sqlite.sql", goose.DialectPostgres
	}
	names, err := fs.Glob(migrations.Files, "*"+other)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(dialect, db.Pool(), migrations.Files, goose.WithExcludeNames(names))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

func fillFormer(t *testing.T, address string) {
	t.Helper()
	db := sqldbtest.Open(t, address)
	migrateTo(t, db, beforeUnclaimed)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	for _, c := range []string{"1", "2"} {
		run("INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ($1, $2, '{}', 1, 1)", formerID("c0", int(c[0]-'0')), "Community "+c)
		run(`INSERT INTO roles (community_id, id, title, class, rank, everyone, billable, server_permissions, channel_permissions, created_at, updated_at)
			VALUES ($1, $2, '@all', 'everyone', 0, TRUE, FALSE, '{}', '{}', 1, 1)`, formerID("c0", int(c[0]-'0')), formerID("d0", int(c[0]-'0')))
	}
	for _, f := range formerly {
		accountID := formerID("a0", f.number)
		run(`INSERT INTO accounts (number, id, email, email_key, username, username_key, communities, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1)`,
			f.number, accountID, strings.ToUpper(f.name[:1])+f.name[1:]+"@example.com", f.name+"@example.com", f.name, f.name, len(f.communities))
		for _, c := range f.communities {
			fillMember(run, formerID("c0", int(c-'0')), accountID, f.number, f.claim == "owner")
		}
		switch f.claim {
		case "", "owner":
		case "passkey":
			run("INSERT INTO passkeys (id, account_id, credential_id, name, credential, sign_count, created_at, used_at) VALUES ('p', $1, 'p', 'p', '{}', 0, 1, 0)", accountID)
		case "provider":
			run("INSERT INTO provider_identities (issuer, subject, account_id, email, created_at, used_at) VALUES ('i', 's', $1, 'e', 1, 1)", accountID)
		case "userkey":
			run(`INSERT INTO user_api_keys (account_id, id, name, key_hash, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at)
				VALUES ($1, 'k', 'k', 'k', 'k', '[]', '[]', TRUE, 1, 1, 0, 0)`, accountID)
		default:
			run("UPDATE accounts SET "+f.claim+" WHERE id = $1", accountID)
		}
	}
	fillSessions(run)
}

// fillMember gives a member a value, its key and a history.
func fillMember(run func(string, ...any), communityID, accountID string, number int, owner bool) {
	run(`INSERT INTO members (community_id, user_id, state, owner, first_name, last_name, name_key, phone, country, language, roles, tags, fields, joined_at, updated_at, external_id)
		VALUES ($1, $2, 'active', $3, 'First', 'Last', 'first last', '', 'GB', '', '[]', '[]', '{}', 7, 8, $4)`, communityID, accountID, owner, fmt.Sprintf("CRM-%d", number))
	run("INSERT INTO member_identifiers (community_id, field_id, key, user_id) VALUES ($1, 'external_id', $2, $3)", communityID, fmt.Sprintf("CRM-%d", number), accountID)
	run(`INSERT INTO field_history (community_id, user_id, id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor)
		VALUES ($1, $2, $3, 'country', 'null', '"GB"', 8, 8, 'import', 'j', 'key:x')`, communityID, accountID, formerID("e0", number))
	run("INSERT INTO member_totals (community_id, shard, total) VALUES ($1, $2, 1)", communityID, number)
}

func secretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Secrets of sessions and links, of a length as the server makes them.
var (
	limitedToken  = "rgs_" + strings.Repeat("a", 64)
	claimedToken  = "rgs_" + strings.Repeat("b", 64)
	personalToken = "rgs_" + strings.Repeat("c", 64)
	linkedToken   = strings.Repeat("d", 64)
	resetSecret   = strings.Repeat("e", 64)
)

func fillSessions(run func(string, ...any)) {
	soon := time.Now().Add(time.Hour).UnixMilli()
	for i, s := range []struct {
		token, community string
		number           int
	}{{limitedToken, formerID("c0", 1), 11}, {claimedToken, formerID("c0", 1), 1}, {personalToken, "", 1}} {
		run(`INSERT INTO sessions (id, token_hash, account_id, user_agent, address, created_at, expires_at, seen_at, community_id, host) VALUES ($1, $2, $3, '', '', $6, $4, $6, $5, '')`,
			formerID("f0", i), secretHash(s.token), formerID("a0", s.number), soon, s.community, time.Now().UnixMilli())
	}
	run(`INSERT INTO one_time_links (token_hash, purpose, account_id, created_at, expires_at, session_id, community_id, host) VALUES ($1, 'member', $2, 1, $3, $4, $5, '')`,
		secretHash(linkedToken), formerID("a0", 12), soon, formerID("f0", 9), formerID("c0", 1))
	run(`INSERT INTO one_time_links (token_hash, purpose, account_id, created_at, expires_at) VALUES ($1, 'reset', $2, 1, $3)`, secretHash(resetSecret), formerID("a0", 9), soon)
}

// upgraded looks at what became of the database.
type upgraded struct {
	*testing.T
	app *apptest.App
}

// members keep ids, numbers, names, addresses, identifiers and histories.
func (u upgraded) members() {
	u.Helper()
	for _, f := range formerly {
		for _, c := range f.communities {
			communityID, userID := formerID("c0", int(c-'0')), formerID("a0", f.number)
			found, err := member.Lookup(u.Context(), u.app.DB, communityID, member.KeySet{Usernames: []string{f.name}}, false)
			if err != nil || len(found) != 1 {
				u.Errorf("%s in %c: %d found, %v", f.name, c, len(found), err)
				continue
			}
			accountID := userID
			if f.claim == "" {
				accountID = ""
			}
			m := found[0]
			got := []any{m.ID, m.AccountID, m.Number, m.Email, m.EmailKey, m.Username, m.State, m.Owner, m.FirstName, m.Country, m.JoinedAt}
			want := []any{userID, accountID, int64(f.number), strings.ToUpper(f.name[:1]) + f.name[1:] + "@example.com", f.name + "@example.com", f.name, member.Active, f.claim == "owner", "First", "GB", int64(7)}
			if d := cmp.Diff(want, got); d != "" {
				u.Errorf("%s in %c:\n%s", f.name, c, d)
			}
			held, err := member.Identifiers(u.Context(), u.app.DB, communityID, "external_id", []string{fmt.Sprintf("CRM-%d", f.number)})
			if err != nil || len(held) != 1 || held[0].UserID != userID {
				u.Errorf("%s: identifiers %v, %v", f.name, held, err)
			}
			if n := u.count("SELECT count(*) FROM field_history WHERE community_id = $1 AND user_id = $2", communityID, userID); n != 1 {
				u.Errorf("%s: %d rows of history", f.name, n)
			}
		}
	}
}

func (u upgraded) count(query string, args ...any) (n int64) {
	u.Helper()
	if err := u.app.DB.QueryRow(u.Context(), query, args...).Scan(&n); err != nil {
		u.Fatal(err)
	}
	return n
}

// accounts stay only where somebody ever signed in or registered.
func (u upgraded) accounts() {
	u.Helper()
	for _, f := range formerly {
		want := int64(1)
		if f.claim == "" {
			want = 0
		}
		if n := u.count("SELECT count(*) FROM accounts WHERE id = $1 AND number = $2 AND username = $3", formerID("a0", f.number), f.number, f.name); n != want {
			u.Errorf("%s: %d accounts, want %d", f.name, n, want)
		}
	}
}

// sessions go on, limited ones as those of members.
func (u upgraded) sessions() {
	u.Helper()
	for _, s := range []struct {
		name, token string
		number      int
	}{{"limited session of an unclaimed member", limitedToken, 11}, {"limited session of a claimed member", claimedToken, 1}, {"session", personalToken, 1}} {
		status, answer := u.app.Do(u.T, "GET", "/v1/auth/me", s.token, nil)
		data, _ := answer["data"].(map[string]any)
		if status != 200 || data["_id"] != formerID("a0", s.number) {
			u.Errorf("%s: %d %v", s.name, status, answer)
		}
		if status, answer := u.app.Do(u.T, "GET", "/v1/servers/"+formerID("c0", 1), s.token, nil); status != 200 {
			u.Errorf("%s: %d %v", s.name, status, answer)
		}
	}
	session, _, err := u.app.Accounts.RedeemLink(u.Context(), linkedToken, account.SessionInfo{})
	if err != nil {
		u.Errorf("the link of another system: %v", err)
	} else if status, answer := u.app.Do(u.T, "GET", "/v1/servers/"+formerID("c0", 1), session, nil); status != 200 {
		u.Errorf("the session of a link: %d %v", status, answer)
	}
}

// numbers are never given twice, also not those of accounts that were removed.
func (u upgraded) numbers() {
	u.Helper()
	created, err := u.app.Accounts.CreateAccount(u.Context(), account.Input{Email: "later@example.com", Username: "later"})
	if err != nil || created.Number <= 12 {
		u.Errorf("number %d, %v", created.Number, err)
	}
	communityID := formerID("c0", 1)
	key := u.app.Key(u.T, communityID)
	done := u.app.Import(u.T, communityID, key, "First Name,Last Name,Username,Email\nA,B,fresh,fresh@example.com\nA,B,imported,imported@example.com\n", nil)
	if done.Counts.Created != 1 || done.Counts.Failed != 0 {
		u.Errorf("%+v", done.Counts)
	}
	if n := u.count("SELECT count(*) FROM (SELECT number FROM members WHERE community_id = $1 GROUP BY number HAVING count(*) > 1) AS twice", communityID); n != 0 {
		u.Errorf("%d numbers were given twice", n)
	}
	fresh, err := u.app.Members.Find(u.Context(), communityID, "fresh")
	if err != nil || fresh.Number <= created.Number {
		u.Errorf("number %d after %d, %v", fresh.Number, created.Number, err)
	}
}

// claims: who was only imported makes the account by the address, and accepts.
func (u upgraded) claims() {
	u.Helper()
	if _, err := u.app.Accounts.ResetPassword(u.Context(), resetSecret, "a-long-secret-phrase", "", account.SessionInfo{}); err == nil {
		u.Error("a link to an account that is not there any more worked")
	}
	created, err := u.app.Accounts.CreateAccount(u.Context(), account.Input{Email: "imported@example.com", Username: "imported"})
	if err != nil {
		u.Fatal(err)
	}
	if _, err := u.app.DB.Exec(u.Context(), "UPDATE accounts SET email_verified_at = 9 WHERE id = $1", created.ID); err != nil {
		u.Fatal(err)
	}
	actor := actor.Actor{Kind: actor.Session, AccountID: created.ID, Name: created.Username}
	if err := u.app.Members.Join(u.Context(), actor, formerID("c0", 1), member.JoinHow{}); err != nil {
		u.Fatal(err)
	}
	m, err := u.app.Members.Find(u.Context(), formerID("c0", 1), "imported")
	if err != nil || m.ID != formerID("a0", 9) || m.AccountID != created.ID || m.Number != 9 {
		u.Errorf("%+v, %v", m, err)
	}
}
