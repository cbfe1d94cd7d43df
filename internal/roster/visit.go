package roster

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/presence"
)

// LastVisit returns the last visit of a member.
func (s *Roster) LastVisit(ctx context.Context, caller actor.Actor, communityID, memberID string) (member.Visit, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return member.Visit{}, err
	}
	return member.LoadVisit(ctx, s.db, communityID, memberID)
}

// Online reports whether a member with this last visit counts as online.
func (s *Roster) Online(v member.Visit) bool {
	now := s.clock.MS()
	return v.SeenAt > now-presence.OnlineFor.Milliseconds()
}
