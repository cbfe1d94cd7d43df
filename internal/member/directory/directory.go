// Package directory reads members: lists, filters, histories and the summaries of
// communities.
package directory

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sqldb"
)

// Names returns the names of all roles and tags.
func (s *Directory) Names(ctx context.Context, caller actor.Actor, communityID string) (member.Names, error) {
	if err := s.view(ctx, caller, communityID); err != nil {
		return member.Names{}, err
	}
	return s.namesOf(ctx, communityID, nil)
}

// maxCachedTags bounds the memory of the names of one community, and the time to read
// them after a change.
const maxCachedTags = 2_000

var cachedNames = cache.New[*member.Names](500, "roles", "tags", "merged_tags") // by community; nil: it has more tags

// namesOf is member.LoadNamesOf with more names where they are known. Nobody may
// change the maps.
func (s *Directory) namesOf(ctx context.Context, communityID string, tagIDs []string) (member.Names, error) {
	known, err := cachedNames.Get(s.db, communityID, func() (*member.Names, error) {
		few, err := member.HasFewTags(ctx, s.db, communityID, maxCachedTags)
		if err != nil || !few {
			return nil, err
		}
		names, err := member.LoadNames(ctx, s.db, communityID)
		return &names, err
	})
	if err != nil {
		return member.Names{}, err
	}
	if known == nil {
		return member.LoadNamesOf(ctx, s.db, communityID, tagIDs)
	}
	return *known, nil
}

// NamesFor returns the names of all roles, and of the tags of members, also for
// an actor that only creates members.
func (s *Directory) NamesFor(ctx context.Context, caller actor.Actor, communityID string, members ...member.Member) (member.Names, error) {
	if err := s.access.CanAny(ctx, caller, communityID, slices.Concat(viewers, []actor.Permission{permission.CreateUser})...); err != nil {
		return member.Names{}, err
	}
	ids := []string{}
	for i := range members {
		ids = append(ids, members[i].TagIDs...)
	}
	slices.Sort(ids)
	return s.namesOf(ctx, communityID, slices.Compact(ids))
}

// RolesOf returns the roles of a member, the highest first and @all last. user
// is a reference as in Find. It fails with NotFound "user_not_found".
func (s *Directory) RolesOf(ctx context.Context, caller actor.Actor, communityID, user string) ([]access.Role, error) {
	found, err := s.Find(ctx, caller, communityID, user)
	if err != nil {
		return nil, err
	}
	roles, err := access.Roles(ctx, s.db, communityID)
	return member.RoleSet(roles, found.RoleIDs), err
}

// OwnRoles returns the roles of the active member of the actor as RolesOf does.
func (s *Directory) OwnRoles(ctx context.Context, caller actor.Actor, communityID string) ([]access.Role, error) {
	self, err := s.Self(ctx, caller, communityID)
	if err != nil {
		return nil, err
	}
	roles, err := access.Roles(ctx, s.db, communityID)
	return member.RoleSet(roles, self.RoleIDs), err
}

// Figures returns the figures of members by their ids, also for an actor that only
// creates members.
func (s *Directory) Figures(ctx context.Context, caller actor.Actor, communityID string, members ...member.Member) (map[string]figure.Figures, error) {
	if err := s.access.CanAny(ctx, caller, communityID, slices.Concat(viewers, []actor.Permission{permission.CreateUser})...); err != nil {
		return nil, err
	}
	return s.figuresOf(ctx, communityID, members...)
}

// figuresOf is Figures without a check.
func (s *Directory) figuresOf(ctx context.Context, communityID string, members ...member.Member) (map[string]figure.Figures, error) {
	if len(members) == 0 {
		return map[string]figure.Figures{}, nil
	}
	at, err := figure.Now(ctx, s.db, s.clock, communityID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(members))
	for i := range members {
		ids[i] = members[i].ID
	}
	found, err := figure.Of(ctx, s.db, at, communityID, ids)
	if err != nil {
		return nil, err
	}
	return found, s.addRewards(ctx, communityID, ids, found)
}

// Rewards read the tiers and badges of members, for packages above this one. Nil functions
// find nothing.
type Rewards struct {
	// Of returns those of members by their ids.
	Of func(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]figure.Rewards, error)
	// Names sets the names of tiers and badges.
	Names func(ctx context.Context, q sqldb.Querier, communityID string, names *FilterNames) error
}

// addRewards sets the tiers and badges of members.
func (s *Directory) addRewards(ctx context.Context, communityID string, ids []string, found map[string]figure.Figures) error {
	if s.reads.Of == nil {
		return nil
	}
	rewards, err := s.reads.Of(ctx, s.db, communityID, ids)
	if err != nil {
		return err
	}
	for memberID, one := range rewards {
		f := found[memberID]
		f.Rewards = one
		found[memberID] = f
	}
	return nil
}

// viewers are the permissions that show members where they are managed; one of
// them suffices.
var viewers = []actor.Permission{
	permission.GetUserData, permission.UserFields, permission.ManageUser, permission.BulkUpdateUser, permission.ManageRoles, permission.ManageChannels,
	permission.ManageCommunity, permission.ViewPenalties, permission.CreateInvites, actor.PermSignIn,
}

// view returns nil if the actor may see members.
func (s *Directory) view(ctx context.Context, caller actor.Actor, communityID string) error {
	return s.access.CanAny(ctx, caller, communityID, viewers...)
}

// Directory reads the members of communities: lists, filters, histories and names.
// It is safe for concurrent use.
type Directory struct {
	db     *sqldb.DB
	clock  clock.Clock
	access *access.Access
	reads  Rewards
}

// New returns the Directory of a database.
func New(db *sqldb.DB, c clock.Clock, a *access.Access, rewards Rewards) *Directory {
	return &Directory{db: db, clock: c, access: a, reads: rewards}
}

// CommunitySummary is a community with its owner and number of members.
type CommunitySummary struct {
	community.Community
	Members int64
	Owner   Person // the first owner; zero if there is none
}

// Person names a member.
type Person struct {
	ID       string // of the member
	Number   int64
	Username string
}

// Summaries adds the owner and the number of members to communities.
func (s *Directory) Summaries(ctx context.Context, communities ...community.Community) ([]CommunitySummary, error) {
	ids := make([]string, len(communities))
	for i, c := range communities {
		ids[i] = c.ID
	}
	totals, err := memberTotals(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	owners, err := firstOwners(ctx, s.db, ids)
	homes := make([]CommunitySummary, len(communities))
	for i, c := range communities {
		homes[i] = CommunitySummary{c, totals[c.ID], owners[c.ID]}
	}
	return homes, err
}

// SummariesOf returns the communities of which the actor is an active member,
// or, with deleted, those that the actor owned and that were deleted after
// oldest, so they can be restored; the oldest community first.
func (s *Directory) SummariesOf(ctx context.Context, actor actor.Actor, deleted bool, oldest int64) ([]CommunitySummary, error) {
	ids, err := s.access.CommunitiesOf(ctx, actor)
	if deleted {
		ids, err = deletedCommunities(ctx, s.db, actor.AccountID, oldest)
	}
	if actor.OnlyCommunity != "" {
		ids = slices.DeleteFunc(ids, func(one string) bool { return one != actor.OnlyCommunity })
	}
	if err != nil {
		return nil, err
	}
	found, err := community.LoadMany(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	return s.Summaries(ctx, found...)
}
