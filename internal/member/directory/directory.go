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
	return figure.Of(ctx, s.db, at, communityID, ids)
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
}

// New returns the Directory of a database.
func New(db *sqldb.DB, c clock.Clock, a *access.Access) *Directory {
	return &Directory{db: db, clock: c, access: a}
}
