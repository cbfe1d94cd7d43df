package award

import (
	"context"
	"log/slog"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Awards.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Access *access.Access
	Ledger *ledger.Ledger
}

// Awards are the awards of all communities. It is safe for concurrent use.
type Awards struct{ d Deps }

// New returns the Awards of a database.
func New(d Deps) *Awards { return &Awards{d} }

// Award awards a badge to a member, suspended ones too; user is a reference as in
// Directory.Find. A member who has it keeps the first award. It fails as access.Can does
// for Badges, with NotFound "badge_not_found" or "user_not_found", or as the ledger does.
func (s *Awards) Award(ctx context.Context, caller actor.Actor, communityID, badgeID, user string) (badge.Badge, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return badge.Badge{}, err
	}
	var given badge.Badge
	return given, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if given, err = badge.Load(ctx, tx, communityID, badgeID); err != nil {
			return err
		}
		who, err := directory.Load(ctx, tx, communityID, user, member.Active)
		if err != nil {
			return err
		}
		added, err := s.AwardOne(ctx, tx, caller, communityID, given, who.ID)
		if added {
			given.Awarded++
		}
		return err
	})
}

// AwardOne awards a badge to an active member, in the caller's transaction, and audits it.
// added is false for a member who has it.
func (s *Awards) AwardOne(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, b badge.Badge, userID string) (added bool, err error) {
	made, err := s.AwardAll(ctx, tx, communityID, []Grant{{Badge: b, UserID: userID, Actor: by}})
	if err != nil || len(made) == 0 {
		return false, err
	}
	return true, s.record(ctx, tx, by, communityID, "badge.award", b, userID)
}

// Remove removes a badge from a member, and reverses its reward unless keepReward. It does
// nothing if the member does not have it. It fails as Award does.
func (s *Awards) Remove(ctx context.Context, caller actor.Actor, communityID, badgeID, user string, keepReward bool) error {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return err
	}
	return s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		of, err := badge.Load(ctx, tx, communityID, badgeID)
		if err != nil {
			return err
		}
		found, err := directory.Load(ctx, tx, communityID, user, member.Active)
		if err != nil {
			return err
		}
		people, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{found.ID}}, true)
		if err != nil || len(people) == 0 {
			return err
		}
		one, err := lockPresent(ctx, tx, communityID, badgeID, found.ID)
		if errs.KindOf(err) == errs.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		one.Badge = of
		if err := s.remove(ctx, tx, communityID, one, keepReward); err != nil {
			return err
		}
		if err := appendEvent(ctx, tx, s.d.Clock.MS(), communityID, EventRemoved, people[0], caller, one); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "badge.remove", of, found.ID, audit.Change{Field: "keepReward", New: keepReward})
	})
}

func (s *Awards) remove(ctx context.Context, tx *sqldb.Tx, communityID string, one Award, keepReward bool) error {
	if !keepReward {
		if err := s.reverse(ctx, tx, communityID, one); err != nil {
			return err
		}
	}
	kept := keepReward && one.Paid != badge.Reward{}
	if err := setRemoved(ctx, tx, communityID, one.ID, kept, s.d.Clock.MS()); err != nil {
		return err
	}
	return badge.CountAwarded(ctx, tx, communityID, one.BadgeID, -1)
}

// record audits an award or its removal. The log names the member by the id only.
func (s *Awards) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, b badge.Badge, userID string, more ...audit.Change) error {
	return audit.Record(ctx, tx, caller, s.d.Clock.MS(), communityID, verb, badge.Target(b), append([]audit.Change{{Field: "userId", New: userID}}, more...)...)
}

// OfMember returns a page of the badges of a member, the newest award first, and the
// cursor of the next page, "" at the end. user is a reference as in Directory.Find. It
// fails as access.Can does for ViewBadges, with NotFound "user_not_found" or Invalid
// "invalid_cursor".
func (s *Awards) OfMember(ctx context.Context, caller actor.Actor, communityID, user, after string, limit int) ([]Award, string, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewBadges); err != nil {
		return nil, "", err
	}
	who, err := directory.Load(ctx, s.d.DB, communityID, user, member.Active)
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("badges of", who.ID)
	before, err := cursors.ParseID(after, id.Max)
	if err != nil {
		return nil, "", err
	}
	list, err := selectOfMember(ctx, s.d.DB, communityID, who.ID, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cursor.Page(cursors, list, limit, func(a *Award) string { return a.ID })
	return list, next, addBadges(ctx, s.d.DB, communityID, list)
}

// addBadges sets the badges of awards.
func addBadges(ctx context.Context, q sqldb.Querier, communityID string, list []Award) error {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].BadgeID
	}
	byID, err := badge.ByID(ctx, q, communityID, ids)
	for i := range list {
		list[i].Badge = byID[list[i].BadgeID]
	}
	return err
}
