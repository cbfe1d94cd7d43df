package roster

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
)

// OnlineFor is the time after a request in which a member counts as online.
const OnlineFor = 5 * time.Minute

// LastVisit returns the last visit of a member.
func (s *Roster) LastVisit(ctx context.Context, caller actor.Actor, communityID, memberID string) (member.Visit, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return member.Visit{}, err
	}
	return directory.LoadVisit(ctx, s.db, communityID, memberID)
}

// Online reports whether a member with this last visit counts as online: by a request
// or a live connection.
func (s *Roster) Online(v member.Visit) bool {
	now := s.clock.MS()
	return v.SeenAt > now-OnlineFor.Milliseconds() || v.ConnectedUntil > now
}
