package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
)

// Profile is what members see of each other beside messages.
type Profile struct {
	Author
	JoinedAt int64 // Unix milliseconds
}

// Profile returns the profile of a member in any state but erased. It fails as
// access.Can does for getMessages, or with NotFound "user_not_found".
func (m *Messages) Profile(ctx context.Context, caller actor.Actor, communityID, memberID string) (Profile, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Profile{}, err
	}
	found, err := directory.Load(ctx, m.DB, communityID, memberID, member.AnyState...)
	if err != nil {
		return Profile{}, err
	}
	r, err := m.ReaderOf(ctx, caller, communityID, "")
	if err != nil {
		return Profile{}, err
	}
	authors, err := m.Authors(ctx, m.DB, communityID, r, []string{found.ID})
	return Profile{authors[found.ID], found.JoinedAt}, err
}
