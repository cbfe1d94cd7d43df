// Package member keeps the people of each community: who they are there,
// their custom fields, roles and tags, and the history of every change. What
// lets a person sign in is package auth's.
package member

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a membership.
const (
	Active  = "active"
	Deleted = "deleted" // hidden until restored or erased
	Pending = "pending" // made ahead of time: has not joined yet
	Left    = "left"    // went or was kicked; may join again
	Banned  = "banned"  // may not join again
)

// Member is an account in one community.
type Member struct {
	ID          string // the account's id
	Number      int64  // the account's small number
	Email       string
	Username    string
	DisplayName string // "" when the member gave none
	FirstName   string
	LastName    string
	Phone       string // "+" and digits, or ""
	Country     string // ISO alpha-2, or ""
	Language    string // BCP 47, or ""
	State       string
	Owner       bool
	RoleIDs     []string       // without @all, which everybody has
	TagIDs      []string       //
	Fields      map[string]any // by Field.Field: string, json.Number, bool or []string; unset ones are absent
	JoinedAt    int64          // Unix milliseconds
	UpdatedAt   int64
}

// Members answers for the people of all communities. It may be used from many
// goroutines.
type Members struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns Members that keep their rows in db.
func New(db *sqldb.DB, c clock.Clock) *Members { return &Members{db, c} }

// Find returns the active member that ref names: an account's _id, its number,
// email or username, in that order. It fails with NotFound user_not_found.
func (s *Members) Find(ctx context.Context, communityID, ref string) (Member, error) {
	condition, arg := "a.username_key = $2", any(auth.UsernameKey(ref))
	if id.Valid(ref) {
		condition, arg = "a.id = $2", ref
	} else if n, err := strconv.ParseInt(ref, 10, 64); err == nil {
		condition, arg = "a.number = $2", n
	} else if key := auth.EmailKey(ref); containsAt(key) {
		condition, arg = "a.email_key = $2", key
	}
	return sqldb.One(ctx, s.db, "user", scanMember,
		"SELECT "+memberColumns+" FROM "+memberTables+" WHERE m.community_id = $1 AND m.state = 'active' AND "+condition, communityID, arg)
}

func containsAt(s string) bool {
	for i := range len(s) {
		if s[i] == '@' {
			return true
		}
	}
	return false
}

// Standing is what auth asks about an account in a community: whether it is a
// member there, in what state, and with which roles.
func (s *Members) Standing(ctx context.Context, q sqldb.Querier, communityID, accountID string) (auth.Standing, error) {
	return standing(ctx, q, communityID, accountID)
}

// Communities returns the ids of the communities an account is an active
// member of, oldest community first.
func (s *Members) Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT c.id FROM communities c
		JOIN members m ON m.community_id = c.id AND m.user_id = $1 AND m.state = 'active' ORDER BY c.id`, accountID)
}

// AddOwner makes the account an owner of the community, as a member when it is
// none yet. Calling it again changes nothing.
func (s *Members) AddOwner(ctx context.Context, communityID, accountID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.clock.MS()
		known, err := standing(ctx, tx, communityID, accountID)
		if err != nil {
			return err
		}
		if known.State != "" {
			_, err := tx.Exec(ctx, "UPDATE members SET owner = TRUE, updated_at = $1 WHERE community_id = $2 AND user_id = $3", now, communityID, accountID)
			return err
		}
		owner := Record{AccountID: accountID, State: Active, Owner: true, JoinedAt: now, UpdatedAt: now}
		if err := Insert(ctx, tx, communityID, []*Record{&owner}); err != nil {
			return err
		}
		return auth.JoinedCommunity(ctx, tx, []string{accountID}, 1)
	})
}
