// Package member keeps the people of each community: who they are there,
// their custom fields, roles and tags, and the history of every change. What
// lets a person sign in is package auth's.
package member

import (
	"context"
	"sync/atomic"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
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

// Member is a person in one community.
type Member struct {
	ID          string
	AccountID   string // "": unclaimed, added by others and not accepted by the person
	Number      int64  // the small number
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
	StateAt     int64  // since when State holds, Unix milliseconds; 0: since the member was made
	ExternalID  string // what another system calls the member, or ""
	Referral    string // through whom they came, or ""
	Avatar      string // id of a picture, or ""
}

// Members answers for the people of all communities. It may be used from many
// goroutines.
type Members struct {
	db        *sqldb.DB
	clock     clock.Clock
	connected Connections
	erasers   []Eraser
	visits    visits
	batch     int // members that lose a role or tag in one transaction
	skipped   atomic.Int64
}

// New returns Members that keep their rows in db. What needs more than the
// database works once they are connected.
func New(db *sqldb.DB, c clock.Clock) *Members { return &Members{db: db, clock: c, batch: removeBatch} }

// Claimed reports whether the person has accepted the membership, or joined.
func (m *Member) Claimed() bool { return m.AccountID != "" }

// AddOwner makes the account an owner of the community, as a member when it is
// none yet. Calling it again changes nothing.
func (s *Members) AddOwner(ctx context.Context, communityID, accountID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.clock.MS()
		known, err := Memberships{}.ByAccount(ctx, tx, communityID, accountID)
		if err != nil || known.Owner {
			return err
		}
		if known.MemberID == "" {
			known.MemberID, known.Username, err = s.insertOwner(ctx, tx, communityID, accountID, now)
		} else {
			err = setOwner(ctx, tx, communityID, known.MemberID, true, now)
		}
		if err != nil {
			return err
		}
		target := audit.Target{Type: "user", ID: known.MemberID, Name: known.Username}
		return audit.Record(ctx, tx, now, communityID, "user.add_owner", target, audit.Change{Field: "owner", Old: false, New: true})
	})
}

// insertOwner makes an account a member that owns the community. A membership
// that the community made for its confirmed address is accepted.
func (s *Members) insertOwner(ctx context.Context, tx *sqldb.Tx, communityID, accountID string, now int64) (memberID, username string, err error) {
	account, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return "", "", err
	}
	added, err := addedBefore(ctx, tx, communityID, account)
	if err != nil {
		return "", "", err
	}
	if added != nil {
		if err := Join(ctx, tx, communityID, accountID, JoinHow{}, now); err != nil {
			return "", "", err
		}
		return added.ID, account.Username, setOwner(ctx, tx, communityID, added.ID, true, now)
	}
	owner := recordOf(account)
	owner.State, owner.Owner, owner.JoinedAt, owner.UpdatedAt = Active, true, now, now
	if err := giveWay(ctx, tx, communityID, owner.UsernameKey, "", now); err != nil {
		return "", "", err
	}
	return owner.ID, owner.Username, Insert(ctx, tx, communityID, []*Record{owner})
}
