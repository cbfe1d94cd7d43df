package tier

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
)

// Move moves members whose XP have passed a threshold. It is a ledger.MoveHook, so the
// rows of the members are locked.
func (t *Tiers) Move(ctx context.Context, tx *sqldb.Tx, communityID string, moved []ledger.Move) error {
	if !slices.ContainsFunc(moved, func(m ledger.Move) bool { return m.Unit == ledger.XP }) {
		return nil
	}
	s, err := level.Load(ctx, tx, communityID)
	if err != nil || !s.Active() {
		return err
	}
	base, _ := s.StepOf(s.Base)
	var crossed []climb
	for _, m := range moved {
		before := s.Step(m.Before)
		if m.Unit != ledger.XP || before == s.Step(m.After) {
			continue
		}
		if s.Recomputing && m.UserID > s.After { // the job has not come to the member
			before = base
		}
		crossed = append(crossed, climb{userID: m.UserID, xp: m.After, from: before})
	}
	return t.place(ctx, tx, communityID, &s, crossed)
}

// climb is a member with the XP that decide about its place.
type climb struct {
	userID string
	xp     int64
	from   int  // step of a member without a position
	quiet  bool // a member without a position gets one only for a role, without an event
}

// placed is a member with its old and new position.
type placed struct {
	climb
	before, after level.Position
	known         bool // has a position
	was, is, best int  // steps; was is Below for a tier that no longer exists
	lostTier      bool // the tier no longer exists
}

// place moves members with locked rows to the places of their XP: positions, roles and
// events.
func (t *Tiers) place(ctx context.Context, tx *sqldb.Tx, communityID string, s *level.Settings, list []climb) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.userID
	}
	stored, err := level.Positions(ctx, tx, communityID, ids)
	if err != nil {
		return err
	}
	var all []placed
	for _, c := range list {
		before, known := stored[c.userID]
		if p := compare(s, c, before, known); p.changes(s) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil
	}
	records, err := recordsOf(ctx, tx, communityID, all)
	if err != nil {
		return err
	}
	if err := t.exchangeRoles(ctx, tx, communityID, s, all, records); err != nil {
		return err
	}
	if err := t.report(ctx, tx, communityID, s, all, records); err != nil {
		return err
	}
	var added, changed []level.Position
	for _, p := range all {
		switch {
		case p.after == p.before:
		case p.known:
			changed = append(changed, p.after)
		default:
			added = append(added, p.after)
		}
	}
	if err := level.Insert(ctx, tx, communityID, added); err != nil {
		return err
	}
	return level.Update(ctx, tx, communityID, changed)
}

// compare returns where a member is and was.
func compare(s *level.Settings, c climb, before level.Position, known bool) placed {
	p := placed{climb: c, before: before, known: known, was: c.from, best: c.from}
	if known {
		exists := false
		p.was, exists = s.StepOf(before.Place)
		p.lostTier = !exists
		if best, exists := s.StepOf(before.Best); exists {
			p.best = best
		} else {
			p.best = p.was
		}
	}
	p.is = s.Step(c.xp)
	if !s.Demote {
		p.is = max(p.is, p.best)
	}
	p.after = before
	p.after.UserID, p.after.Place, p.after.Best = c.userID, s.Place(p.is), s.Place(max(p.is, p.best))
	return p
}

// roleOf returns the role of the tier of a step, "" for none.
func roleOf(s *level.Settings, step int) string {
	if t := s.Tier(s.Place(step).TierID); t != nil {
		return t.RoleID
	}
	return ""
}

// changes reports whether something is to be written.
func (p *placed) changes(s *level.Settings) bool {
	if !p.known && p.quiet {
		return roleOf(s, p.is) != ""
	}
	return !p.known || p.lostTier || p.was != p.is || p.before.Best != p.after.Best || p.before.RoleID != roleOf(s, p.is)
}

// recordsOf returns the members with locked rows by their ids, those that are no longer
// members left out.
func recordsOf(ctx context.Context, tx *sqldb.Tx, communityID string, all []placed) (map[string]*member.Record, error) {
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.userID
	}
	found, err := member.LockMembers(ctx, tx, communityID, ids)
	records := make(map[string]*member.Record, len(found))
	for _, who := range found {
		records[who.ID] = who
	}
	return records, err
}

// exchange is a change of roles that many members have in common.
type exchange struct{ remove, add string }

// exchangeRoles removes the roles of previous tiers and grants those of the present ones.
func (t *Tiers) exchangeRoles(ctx context.Context, tx *sqldb.Tx, communityID string, s *level.Settings, all []placed, records map[string]*member.Record) error {
	groups := map[exchange][]*member.Record{}
	var order []exchange
	var roles map[string]access.Role
	for i := range all {
		p := &all[i]
		who, wanted := records[p.userID], roleOf(s, p.is)
		if who == nil || p.before.RoleID == wanted {
			continue
		}
		if roles == nil {
			var err error
			if roles, err = grantable(ctx, tx, communityID); err != nil {
				return err
			}
		}
		var e exchange
		if had := p.before.RoleID; had != "" && slices.Contains(who.RoleIDs, had) {
			e.remove = had
		}
		p.after.RoleID = ""
		if role, ok := roles[wanted]; ok && !role.GrantsServerPermission() && !slices.Contains(who.RoleIDs, wanted) {
			e.add, p.after.RoleID = wanted, wanted
		}
		if e == (exchange{}) {
			continue
		}
		if groups[e] == nil {
			order = append(order, e)
		}
		groups[e] = append(groups[e], who)
	}
	for _, e := range order {
		source := member.Source{Type: "tier", ID: e.add}
		if err := assign.Exchange(ctx, tx, actor.Actor{}, communityID, roles[e.remove], roles[e.add], groups[e], source, t.d.Clock.MS()); err != nil {
			return err
		}
	}
	return nil
}

// grantable returns the roles of a community by their ids. None of them is deleted before
// the transaction ends.
func grantable(ctx context.Context, tx *sqldb.Tx, communityID string) (map[string]access.Role, error) {
	if err := tx.LockShared(ctx, assign.RolesGuard(communityID)); err != nil {
		return nil, err
	}
	list, err := access.Roles(ctx, tx, communityID)
	roles := make(map[string]access.Role, len(list))
	for _, role := range list {
		roles[role.ID] = role
	}
	return roles, err
}

// report appends the events of members whose place has changed.
func (t *Tiers) report(ctx context.Context, tx *sqldb.Tx, communityID string, s *level.Settings, all []placed, records map[string]*member.Record) error {
	for _, p := range all {
		who := records[p.userID]
		if who == nil || p.is == p.was && !p.lostTier || !p.known && p.quiet {
			continue
		}
		var at *EventTier
		if tier := s.Tier(p.after.TierID); tier != nil {
			at = &EventTier{tier.ID, tier.Name}
		}
		var err error
		if p.is > p.was {
			data := Reached{User: who.EventUser(), Tier: *at, Level: p.after.Level, XP: p.xp, First: p.is > p.best}
			err = member.AppendEvent(ctx, tx, actor.Actor{}, t.d.Clock.MS(), communityID, EventReached, who, data)
		} else {
			err = member.AppendEvent(ctx, tx, actor.Actor{}, t.d.Clock.MS(), communityID, EventLost, who, Lost{who.EventUser(), at, p.after.Level, p.xp})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
