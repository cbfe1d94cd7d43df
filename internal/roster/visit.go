package roster

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/presence"
)

// LastVisit returns the last visit of a member.
func (s *Roster) LastVisit(ctx context.Context, caller actor.Actor, communityID, memberID string) (presence.Visit, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return presence.Visit{}, err
	}
	return presence.LoadVisit(ctx, s.db, communityID, memberID)
}

// Online reports whether a member with this last visit counts as online: by a request
// or a live connection.
func (s *Roster) Online(v presence.Visit) bool { return v.OnlineUntil > s.clock.MS() }

// Seen returns when a member was last seen, in Unix milliseconds (0: never), and whether
// they count as online. Every member may ask.
func (s *Roster) Seen(ctx context.Context, caller actor.Actor, communityID, memberID string) (at int64, online bool, err error) {
	if err := s.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return 0, false, err
	}
	v, err := presence.LoadVisit(ctx, s.db, communityID, memberID)
	return v.SeenAt, s.Online(v), err
}
