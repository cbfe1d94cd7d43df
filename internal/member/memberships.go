package member

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/sqldb"
)

// Memberships reads memberships for access, which is below this package.
type Memberships struct{}

// ByAccount returns the membership of an account in a community.
func (Memberships) ByAccount(ctx context.Context, q sqldb.Querier, communityID, accountID string) (access.Membership, error) {
	return loadMembership(ctx, q, communityID, byAccount, accountID)
}

// ByMember returns the membership of a member, claimed or not.
func (Memberships) ByMember(ctx context.Context, q sqldb.Querier, communityID, memberID string) (access.Membership, error) {
	return loadMembership(ctx, q, communityID, byMember, memberID)
}

// Communities returns the ids of the communities that an account is an active
// member of, oldest first.
func (Memberships) Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return communitiesOf(ctx, q, accountID)
}

// GivenName returns the username of the unclaimed member with an address, in
// the oldest community; added is false if there is none.
func (Memberships) GivenName(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error) {
	found, err := UnclaimedOf(ctx, q, emailKey)
	if err != nil || len(found) == 0 {
		return "", false, err
	}
	return found[0].Username, true, nil
}
