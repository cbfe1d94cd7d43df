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
	return standing(ctx, q, communityID, byAccount, accountID)
}

// ByMember returns the membership of a member, claimed or not.
func (Memberships) ByMember(ctx context.Context, q sqldb.Querier, communityID, memberID string) (access.Membership, error) {
	return standing(ctx, q, communityID, byMember, memberID)
}

// Communities returns the ids of the communities an account is an active member
// of, the oldest community first.
func (Memberships) Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return communitiesOf(ctx, q, accountID)
}

// GivenName returns the username that the oldest community gave to a person
// with an address; added is false when no community has an unclaimed member
// with it.
func (Memberships) GivenName(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error) {
	found, err := unclaimedOf(ctx, q, emailKey)
	if err != nil || len(found) == 0 {
		return "", false, err
	}
	return found[0].Username, true, nil
}
